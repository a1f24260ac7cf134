import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');
const LINK = /\]\(([^)\s#]+)(?:#[^)]*)?\)/g;

/** The targets of a page's links to files. */
function findLinks(markdown: string): string[] {
  return [...markdown.matchAll(LINK)].map((match) => match[1] ?? '').filter((target) => !/^[a-z]+:/.test(target));
}

const pages = [
  join(PROJECT, 'README.md'),
  ...readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(PROJECT, 'docs', name)),
];

describe('the documents', () => {
  test.each(pages.map((page) => [relative(PROJECT, page), page] as const))(
    '%s links to files that are there',
    (_, page) => {
      const targets = findLinks(readFileSync(page, 'utf8'));
      expect(targets.filter((target) => !existsSync(join(dirname(page), decodeURI(target))))).toEqual([]);
    },
  );

  test('are searched for links of every kind', () => {
    expect(findLinks('[a](docs/a.md) [b](b.md#part), ![c](c.png) [d](https://example.org/x) [e](#here)')).toEqual([
      'docs/a.md',
      'b.md',
      'c.png',
    ]);
  });
});
