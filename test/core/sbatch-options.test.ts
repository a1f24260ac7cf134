import { describe, expect, test } from 'vitest';
import { memoryAskedFor, parseSbatchOption, showSbatchOption } from '../../src/core/sbatch-options.ts';

describe('--sbatch-option', () => {
  test.each([
    ['reservation=ocr', 'reservation', 'ocr'],
    ['--reservation=ocr', 'reservation', 'ocr'],
    [' constraint=savio3|savio3_c40 ', 'constraint', 'savio3|savio3_c40'],
    ['mem=8G', 'mem', '8G'],
    ['mem-per-cpu=2G', 'mem-per-cpu', '2G'],
    ['gres=gpu:1', 'gres', 'gpu:1'],
    ['licenses=a@b:1', 'licenses', 'a@b:1'],
    ['exclude=n1,n2', 'exclude', 'n1,n2'],
    ['dependency=afterok:1', 'dependency', 'afterok:1'],
    ['nodelist=n1', 'nodelist', 'n1'],
    ['ntasks-per-node=1', 'ntasks-per-node', '1'],
    ['time-min=10', 'time-min', '10'],
    ['contiguous', 'contiguous', undefined],
    ['x11-forward=a=b', 'x11-forward', 'a=b'],
  ])('%s is taken', (text, name, value) => {
    expect(parseSbatchOption(text)).toEqual(value === undefined ? { name } : { name, value });
  });

  test.each([
    ['array=0-9', /the program sets it itself/],
    ['job-name=mine', /found again by their name/],
    ['output=/tmp/log', /logs are read/],
    ['wrap=curl evil', /another program/],
    ['export=ALL', /environment/],
    ['account=fc_a', /--account/],
    ['partition=p', /--partition/],
    ['qos=q', /--qos/],
    ['time=10', /--time/],
    ['nodes=2', /--nodes/],
    ['cpus-per-task=2', /--cores/],
    // The beginning of a name is the name, for sbatch.
    ['arr=0-9', /the program sets it itself/],
    ['wra=curl evil', /another program/],
    ['part=p', /--partition/],
    ['no-req', /go back into the queue/],
    ['-p=savio3', /long option/],
    ['p=savio3', /long option/],
    ['', /long option/],
    ['=x', /long option/],
    ['reservation=a\nb', /long option/],
    ['reservation ocr', /long option/],
    ['mem=\u0007', /long option/],
  ])('%j is refused', (text, why) => {
    expect(parseSbatchOption(text)).toEqual({ problem: expect.stringMatching(why) as unknown });
  });

  test('is shown as it is typed', () => {
    expect(showSbatchOption({ name: 'reservation', value: 'ocr' })).toBe('reservation=ocr');
    expect(showSbatchOption({ name: 'contiguous' })).toBe('contiguous');
  });

  test('memory that is asked for is known', () => {
    expect(memoryAskedFor([{ name: 'mem', value: '8G' }])).toEqual({ jobMiB: 8192, coreMiB: undefined });
    expect(memoryAskedFor([{ name: 'mem-per-cpu', value: '2500' }])).toEqual({ jobMiB: undefined, coreMiB: 2500 });
    expect(memoryAskedFor([{ name: 'mem', value: '0' }])).toEqual({ jobMiB: undefined, coreMiB: undefined });
    expect(memoryAskedFor([])).toEqual({ jobMiB: undefined, coreMiB: undefined });
  });
});
