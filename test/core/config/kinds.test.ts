import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest } from '../../../src/core/config/closest.ts';
import {
  choice,
  choices,
  integer,
  integerOrAuto,
  jobTime,
  onOff,
  path,
  paths,
  seconds,
  text,
} from '../../../src/core/config/kinds.ts';
import { environmentName, SETTING_NAMES, SETTINGS } from '../../../src/core/config/settings-table.ts';

describe('kinds of values', () => {
  it("takes a job's time as people and as Slurm write it, begun minutes whole", () => {
    const times = {
      '90': 90,
      '90m': 90,
      '3h': 180,
      '2d': 2_880,
      '30:00': 30,
      '30:01': 31,
      '12:00:00': 720,
      '1-12': 2_160,
      '1-12:30': 2_190,
      '1-0:0:1': 1_441,
    };
    for (const [written, minutes] of Object.entries(times))
      expect(jobTime.parse([written]), written).toEqual({ value: minutes });
    for (const bad of ['', '0', '1:2:3:4', '3 weeks', '-1', '1e3', '999d9', '10-'])
      expect(jobTime.parse([bad]), bad).toHaveProperty('problem');
    for (const minutes of [1, 90, 180, 2_881])
      expect(jobTime.parse([jobTime.show(minutes)])).toEqual({ value: minutes });
  });

  it('takes whole numbers within limits only', () => {
    const dpi = integer(72, 1200);
    expect(dpi.parse([' 300 '])).toEqual({ value: 300 });
    expect(dpi.parse(['72'])).toEqual({ value: 72 });
    expect(dpi.parse(['1200'])).toEqual({ value: 1200 });
    for (const bad of [
      '71',
      '1201',
      'abc',
      '300dpi',
      '3e2',
      '0x12c',
      '300.0',
      'NaN',
      'Infinity',
      '',
      ' ',
      '１００',
      '9'.repeat(400),
    ]) {
      expect(dpi.parse([bad])).toHaveProperty('problem');
    }
    expect(dpi.parse(['300', '400'])).toEqual({ problem: 'takes one value, and several were given' });
    expect(dpi.parse([])).toEqual({ problem: 'has no value' });
  });

  it('never gives a number outside the limits, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)), (given) => {
        const parsed = integer(1, 64).parse([given]);
        return 'problem' in parsed || (Number.isInteger(parsed.value) && parsed.value >= 1 && parsed.value <= 64);
      }),
    );
  });

  it('takes times with a unit', () => {
    const time = seconds(1, 86_400);
    expect([['90'], ['90s'], ['90 s'], ['5m'], ['1h']].map((texts) => time.parse(texts))).toEqual(
      [90, 90, 90, 300, 3600].map((value) => ({ value })),
    );
    for (const bad of ['0', '25h', '5 minutes', '-1', '1d']) expect(time.parse([bad])).toHaveProperty('problem');
  });

  it('takes auto or a number', () => {
    expect(integerOrAuto(1, 8).parse(['auto'])).toEqual({ value: 'auto' });
    expect(integerOrAuto(1, 8).parse(['8'])).toEqual({ value: 8 });
    expect(integerOrAuto(1, 8).parse(['9'])).toEqual({ problem: 'needs a whole number from 1 to 8, or auto, not "9"' });
  });

  it('takes one of some words, and names the nearest', () => {
    expect(choice(['skip', 'redo'] as const).parse(['redo'])).toEqual({ value: 'redo' });
    expect(choice(['skip', 'redo'] as const).parse(['rdeo'])).toEqual({
      problem: 'needs one of skip, redo, not "rdeo"',
      near: 'redo',
    });
    const hidden = choice(['a'] as const, ['secret'] as const);
    expect(hidden.parse(['secret'])).toEqual({ value: 'secret' });
    expect(hidden.expects).not.toContain('secret');
  });

  it('takes any of some words, each once, in their own order', () => {
    const formats = choices(['txt', 'pdf', 'hocr'] as const);
    expect(formats.parse(['hocr,txt', ' txt '])).toEqual({ value: ['txt', 'hocr'] });
    expect(formats.parse([',', ''])).toEqual({ problem: 'has no value' });
    expect(formats.parse(['txt', 'doc'])).toHaveProperty('problem');
  });

  it('takes on and off in the usual words', () => {
    for (const word of ['true', 'Yes', 'on', '1']) expect(onOff.parse([word])).toEqual({ value: true });
    for (const word of ['false', 'NO', 'off', '0']) expect(onOff.parse([word])).toEqual({ value: false });
    expect(onOff.parse(['maybe'])).toHaveProperty('problem');
  });

  it('keeps identities of digits as text, and refuses control characters', () => {
    expect(text('an ID', 'ID').parse(['0163928374651'])).toEqual({ value: '0163928374651' });
    expect(text('an ID', 'ID').parse(['a\u001bb'])).toHaveProperty('problem');
  });

  it('takes any path but one with a zero byte', () => {
    expect(path('FILE').parse(['a b\n"$é'])).toEqual({ value: 'a b\n"$é' });
    expect(path('FILE').parse(['a\0b'])).toHaveProperty('problem');
    expect(paths.parse(['a', 'b'])).toEqual({ value: ['a', 'b'] });
  });
});

describe('the table of settings', () => {
  it('has each key, flag, variable and letter once', () => {
    const settings = SETTING_NAMES.map((name) => SETTINGS[name]);
    for (const facts of [
      settings.map(({ key }) => key),
      settings.map(({ flag }) => flag),
      settings.map(environmentName),
      settings.flatMap(({ alias }) => alias ?? []),
    ]) {
      expect(new Set(facts).size).toBe(facts.length);
    }
  });

  it('has defaults that could have been typed', () => {
    for (const name of SETTING_NAMES) {
      const { kind, defaultValue } = SETTINGS[name];
      if (defaultValue === undefined || (Array.isArray(defaultValue) && defaultValue.length === 0)) continue;
      expect({ name, ...kind.parse([kind.show(defaultValue)]) }).toEqual({ name, value: defaultValue });
    }
  });
});

describe('did you mean', () => {
  it.each([
    ['ouput', 'output'],
    ['outptu', 'output'],
    ['WORK_DIR', 'work-dir'],
    ['workdir', 'work-dir'],
    ['langs', 'lang'],
  ])('%s: %s', (word, meant) => {
    expect(closest(word, ['input', 'output', 'lang', 'work-dir'])).toBe(meant);
  });

  it('is silent where nothing is near', () => {
    expect(closest('banana', ['input', 'output'])).toBeUndefined();
    expect(closest('x', ['input'])).toBeUndefined();
    expect(closest('y'.repeat(100_000), ['input'])).toBeUndefined();
  });
});
