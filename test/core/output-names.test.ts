import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outputPath, planOutputStems } from '../../src/core/output-names.ts';
import { OUTPUT_FORMATS } from '../../src/core/settings.ts';

/** Names as people and hostile archives give them. */
const oddName = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9 ._$'"()-]{1,20}$/),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .map((name) => name.replaceAll('/', '_').replaceAll('\0', '_')),
  fc.constantFrom(
    'a',
    'A',
    'a-2',
    'a.pdf',
    'é'.normalize('NFC'),
    'é'.normalize('NFD'),
    'x'.repeat(251),
    'ß'.repeat(125),
    '..',
    'a (1)',
  ),
);
const path = fc
  .tuple(
    fc.array(fc.constantFrom('Letters', 'letters', '1850-60'), { maxLength: 2 }),
    oddName,
    fc.constantFrom('.pdf', '.PDF', '.Pdf', ''),
  )
  .map(([folders, name, extension]) => [...folders, name + extension].join('/'));

describe('output names', () => {
  it('are those people expect', () => {
    const stems = planOutputStems(['a.pdf', 'a.PDF', 'A.pdf', 'sub/a.pdf', 'b', 'a-2.pdf', "O'Neil $5.pdf"]);
    expect(stems.get('sub/a.pdf')).toBe('sub/a');
    expect(stems.get('a-2.pdf')).toBe('a-2');
    expect(stems.get("O'Neil $5.pdf")).toBe("O'Neil $5");
    expect(stems.get('b')).toBe('b');
    const three = ['a.pdf', 'a.PDF', 'A.pdf'].map((name) => stems.get(name)?.toLowerCase());
    expect(new Set(three).size).toBe(3);
    expect(three).toContain('a');
    expect(outputPath('x', 'alto')).toBe('x.alto.xml');
  });

  it('never collide, also where case and Unicode form do not count, and fit every file system', () => {
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 40 }), (paths) => {
        const stems = planOutputStems(paths);
        expect(stems.size).toBe(paths.length);
        for (const format of OUTPUT_FORMATS) {
          const outputs = [...stems.values()].map((stem) => outputPath(stem, format));
          expect(new Set(outputs.map((output) => output.normalize('NFC').toLowerCase())).size).toBe(paths.length);
          for (const output of outputs)
            expect(Buffer.byteLength(output.slice(output.lastIndexOf('/') + 1))).toBeLessThanOrEqual(255);
        }
      }),
    );
  });

  it('do not depend on the order of the listing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 20 }), (paths) => {
        expect(planOutputStems([...paths].reverse())).toEqual(planOutputStems(paths));
      }),
    );
  });

  it('stay in the folder of their document', () => {
    fc.assert(
      fc.property(path, (one) => {
        const folder = one.slice(0, one.lastIndexOf('/') + 1);
        expect(planOutputStems([one]).get(one)?.startsWith(folder)).toBe(true);
      }),
    );
  });
});
