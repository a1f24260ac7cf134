import { ApiProblem, badRequest } from '../api-problem.ts';
import { readableFile, requireWrite } from '../access.ts';
import type { BoxFile } from '../box-items.ts';
import type { BoxState } from '../box-state.ts';
import { param, readJson, type Answer, type Call } from '../call.ts';
import { renderProperties } from '../render-item.ts';

export function listMetadata(box: BoxState, call: Call): Answer {
  const file = readableFile(box, call);
  const entries = file.properties ? [renderProperties(file)] : [];
  return { status: 200, json: { entries, limit: 100 } };
}

export function getMetadata(box: BoxState, call: Call): Answer {
  const file = templateFile(box, call);
  if (!file.properties) throw instanceNotFound();
  return { status: 200, json: renderProperties(file) };
}

export async function createMetadata(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const file = templateFile(box, call);
  requireWrite(box, call, file);
  if (file.properties) {
    throw new ApiProblem(409, 'tuple_already_exists', 'Tuple already exists');
  }
  file.properties = { id: box.tree.newId(), version: 0, values: textValues(body) };
  return { status: 201, json: renderProperties(file) };
}

/** Applies a JSON patch (RFC 6902) as a whole or not at all. */
export async function updateMetadata(box: BoxState, call: Call): Promise<Answer> {
  if (call.request.headers['content-type']?.startsWith('application/json-patch+json') !== true) {
    throw new ApiProblem(415, 'unsupported_media_type', 'The content type must be application/json-patch+json');
  }
  const body: unknown = await readJson(call);
  const file = templateFile(box, call);
  requireWrite(box, call, file);
  if (!file.properties) throw instanceNotFound();
  if (!Array.isArray(body)) throw badRequest('The body must be a list of operations');
  const values = { ...file.properties.values };
  for (const operation of body) applyOperation(values, operation as Record<string, unknown>);
  file.properties = { ...file.properties, version: file.properties.version + 1, values };
  return { status: 200, json: renderProperties(file) };
}

export function deleteMetadata(box: BoxState, call: Call): Answer {
  const file = templateFile(box, call);
  requireWrite(box, call, file);
  if (!file.properties) throw instanceNotFound();
  file.properties = undefined;
  return { status: 204 };
}

/** The only template here is `global.properties`: free text, without an administrator. */
function templateFile(box: BoxState, call: Call): BoxFile {
  if (param(call, 'scope') !== 'global' || param(call, 'template') !== 'properties') {
    throw new ApiProblem(404, 'not_found', 'Template not found');
  }
  return readableFile(box, call);
}

function instanceNotFound(): ApiProblem {
  return new ApiProblem(404, 'instance_not_found', 'Instance not found');
}

function textValues(body: Record<string, unknown>): Record<string, string> {
  for (const [key, value] of Object.entries(body)) {
    if (typeof value !== 'string') throw badRequest(`The value of ${key} must be text`);
    if (key.startsWith('$')) throw badRequest(`The key ${key} is reserved`);
  }
  return body as Record<string, string>;
}

function applyOperation(values: Record<string, string>, operation: Record<string, unknown>): void {
  const key = keyOf(operation['path']);
  const { op, value } = operation;
  if (op === 'add' || op === 'replace' || op === 'test') {
    if (typeof value !== 'string') throw badRequest(`The value of ${key} must be text`);
    if (op !== 'add' && !(key in values)) throw badRequest(`There is no ${key}`);
    if (op === 'test' && values[key] !== value) throw badRequest(`${key} has another value`);
    values[key] = value;
  } else if (op === 'remove') {
    if (!(key in values)) throw badRequest(`There is no ${key}`);
    delete values[key];
  } else {
    throw badRequest('The operation is not known');
  }
}

/** The key of a JSON pointer of one step (RFC 6901). */
function keyOf(pointer: unknown): string {
  if (typeof pointer !== 'string' || !/^\/[^/]+$/.test(pointer)) throw badRequest('The path is not a JSON pointer');
  return pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
}
