import { nameTaken } from '../../name-taken.ts';
import { OutputError } from '../../../core/errors.ts';
import type { WriteRequest, WrittenFile } from '../../document-store.ts';
import { BoxCallError, type NameConflict } from '../transport/box-call-error.ts';
import type { BoxItem } from '../listing/box-item.ts';
import type { BoxConnection } from '../transport/connect.ts';
import type { FolderIndex, TargetFolder } from '../listing/folder-index.ts';
import { getFile } from '../listing/list-items.ts';
import { insertMark, nameKey, splitPath } from '../listing/names.ts';
import { planWrite } from './plan-write.ts';
import { writeProperties, markResult, sameProperties } from './result-properties.ts';
import { upload } from './upload.ts';

/** Times somebody else may change a name between our look and our write. */
const MAX_RACES = 5;
/** A person who may not keep metadata is asked no more than this. */
const MAX_REFUSALS = 3;
/** Names tried under `--on-conflict rename`: `a (2).txt` to `a (99).txt`. */
const MAX_RENAMES = 99;

/** Stores results in Box: one version of the same bytes, somebody else's files as the policy says. */
export class ResultWriter {
  readonly #connection: BoxConnection;
  readonly #index: FolderIndex;
  readonly #below: readonly string[];
  /** Refusals in a row to keep metadata: after some, the rest of the run does without. */
  #refusals = 0;

  constructor(connection: BoxConnection, index: FolderIndex, below: readonly string[]) {
    this.#connection = connection;
    this.#index = index;
    this.#below = below;
  }

  /** @throws {OutputError} `NAME_TAKEN`, `DIGEST_DIFFERS`, `NAME_UNSAFE`. @throws {BoxCallError} */
  async write(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile> {
    const { folders, name } = splitPath(request.path);
    let candidate = name;
    let renames = 1;
    for (let races = 0; races <= MAX_RACES;) {
      const folder = await this.#index.open([...this.#below, ...folders], signal);
      const there = await this.#complete(folder, candidate, signal);
      const plan = planWrite(there, request);
      switch (plan.kind) {
        case 'unchanged':
          return this.#finish('unchanged', folder, folders, plan.there, request, signal);
        case 'skip':
          return {
            outcome: 'skipped',
            path: [...folders, candidate].join('/'),
            id: plan.there.id,
            sha1: plan.there.sha1 ?? '',
          };
        case 'stop':
          throw nameTaken(request.path);
        case 'rename':
          if (++renames > MAX_RENAMES) throw nameTaken(request.path);
          candidate = insertMark(name, ` (${renames})`);
          continue;
        case 'create':
        case 'replace': {
          const stored = await this.#send(
            folder,
            candidate,
            plan.kind === 'replace' ? plan.there : undefined,
            request,
            signal,
          );
          if (!stored) {
            races++;
            continue;
          }
          const outcome = stored.kind === 'there' ? 'unchanged' : plan.kind === 'replace' ? 'replaced' : 'created';
          return this.#finish(outcome, folder, folders, stored.item, request, signal);
        }
      }
    }
    throw new OutputError(
      'BOX_CHANGED',
      `"${request.path}" keeps changing in Box while we write it.`,
      {
        safe: 'What others put there was not touched. Our result waits in the run folder.',
        remedy: 'The same command again.',
      },
      { scope: 'document' },
    );
  }

  /** What has the name. Items known from a refusal lack what decides about replacing them: asked for once. */
  async #complete(folder: TargetFolder, name: string, signal: AbortSignal): Promise<BoxItem | undefined> {
    const there = folder.items.get(nameKey(name));
    if (there?.type !== 'file' || (there.sha1 !== undefined && there.etag !== undefined)) return there;
    const item = await getFile(this.#connection, there.id, signal);
    folder.items.set(nameKey(name), item);
    return item;
  }

  /** Undefined where the folder turned out to be other than we thought: look again. */
  async #send(
    folder: TargetFolder,
    name: string,
    replaced: BoxItem | undefined,
    request: WriteRequest,
    signal: AbortSignal,
  ): Promise<{ kind: 'stored' | 'there'; item: BoxItem } | undefined> {
    const target = replaced
      ? ({ kind: 'version', fileId: replaced.id, etag: replaced.etag ?? '', name: replaced.name } as const)
      : ({ kind: 'new', folderId: folder.id, name } as const);
    try {
      const result = await upload(this.#connection, request.artifact, target, signal);
      if (result.kind === 'stored' || result.kind === 'there')
        return {
          kind: result.kind,
          item: { ...result.item, properties: result.item.properties ?? replaced?.properties },
        };
      if (result.kind === 'taken' && result.by) {
        const by = result.by;
        folder.items.set(
          nameKey(name),
          by.type === 'file' ? await this.#readConflicting(by, signal) : { ...by, sizeBytes: 0 },
        );
      } else this.#index.forget();
      return undefined;
    } catch (error) {
      // The folder has gone: the next attempt finds or makes it anew.
      if (!(error instanceof BoxCallError) || error.status !== 404) throw error;
      this.#index.forget();
      return undefined;
    }
  }

  /** What has the name; something that this account may not see is nobody's to replace. */
  async #readConflicting(by: NameConflict, signal: AbortSignal): Promise<BoxItem> {
    try {
      return await getFile(this.#connection, by.id, signal);
    } catch (error) {
      if (!(error instanceof BoxCallError) || (error.status !== 403 && error.status !== 404)) throw error;
      return { ...by, type: 'hidden', sizeBytes: 0 };
    }
  }

  async #finish(
    outcome: 'created' | 'replaced' | 'unchanged',
    folder: TargetFolder,
    folders: readonly string[],
    item: BoxItem,
    request: WriteRequest,
    signal: AbortSignal,
  ): Promise<WrittenFile> {
    const { sha1 } = request.artifact;
    // Box may have changed the name: what it answers counts.
    const name = item.name;
    const properties = await this.#writeProperties(item, request, signal);
    folder.items.set(nameKey(name), { ...item, sha1, properties });
    return { outcome, path: [...folders, name].join('/'), id: item.id, sha1 };
  }

  async #writeProperties(item: BoxItem, request: WriteRequest, signal: AbortSignal): Promise<BoxItem['properties']> {
    if (!request.properties || this.#refusals >= MAX_REFUSALS) return item.properties;
    const wanted = markResult(request.properties, request.artifact.sha1);
    if (sameProperties(wanted, item.properties)) return item.properties;
    const kept = await writeProperties(this.#connection, item.id, wanted, item.properties, signal);
    this.#refusals = kept ? 0 : this.#refusals + 1;
    return kept ? { ...item.properties, ...wanted } : item.properties;
  }
}
