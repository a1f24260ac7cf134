import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { expect } from 'vitest';
import { ERRNO_TABLE } from '../../src/core/errno-table.ts';
import { PipelineError, type ErrorScope } from '../../src/core/errors.ts';

/** Every number that Linux gives, by name; of two names for one number, both. */
export const ALL_ERRNOS: readonly (readonly [name: string, number: number])[] = Object.values(ERRNO_TABLE).flatMap(
  (entries) => entries.map(([name, number]) => [name, number] as const),
);

/** Every signal of this system, by name. */
export const ALL_SIGNALS = Object.keys(constants.signals) as readonly NodeJS.Signals[];

/** An error as Node makes it of what the system refused: libuv gives a name where it has one. */
export function systemError(number: number, extra: Readonly<Record<string, unknown>> = {}): Error {
  const [name, message] = getSystemErrorMap().get(-number) ?? [`Unknown system error -${number}`, 'unknown'];
  return Object.assign(new Error(`${name}: ${message}`), { errno: -number, code: name, ...extra });
}

/** What a person can do with an error is there: its scope and exit code are allowed, it has words, and it blames no defect. */
export function expectSound(
  error: unknown,
  allowed: { readonly scopes: readonly ErrorScope[]; readonly exitCodes: readonly number[] },
): asserts error is PipelineError {
  expect(error).toBeInstanceOf(PipelineError);
  const { scope, exitCode, code, message, advice } = error as PipelineError;
  const told = `${code}: ${message}`;
  expect(allowed.scopes, told).toContain(scope);
  expect(allowed.exitCodes, told).toContain(exitCode);
  expect(message, told).toMatch(/\S\.$/);
  expect(message, told).not.toMatch(/undefined|\bnull\b|Unknown system error|\(\)|: \.|defect/);
  expect(advice.why ?? 'x', told).toMatch(/\S/);
  // Whoever has to mend something outside of the documents must read what.
  if (scope !== 'page' && scope !== 'document') expect(advice.remedy, told).toMatch(/\S/);
}
