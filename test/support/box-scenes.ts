import type { BoxEmulatorOptions } from '../box-emulator/box-emulator.ts';
import type { EndpointName } from '../box-emulator/call.ts';
import { makeScan } from '../e2e/make-scan.ts';
import { seedScans, startBoxProgram, type BoxProgram } from './box-program.ts';

/** Enough that its searchable PDF goes up in parts. */
const VOLUME_BYTES = 21_000_000; // even: the filling is lines of two bytes

/** A state of a Box folder from which a run makes certain calls. */
export interface BoxScene {
  readonly name: string;
  /** The calls a run makes from there: others never meet a fault. */
  readonly endpoints: readonly EndpointName[];
  /** The last call of an endpoint that is worth a fault. */
  readonly lastNth: number;
  /** Requests of an undisturbed run, about: where it may be killed. */
  readonly requests: number;
  /** Outputs there are in the end. */
  readonly outputs: number;
  set(program: BoxProgram): Promise<void>;
}

const BEFORE_WORK: readonly EndpointName[] = ['token', 'folder-get', 'folder-items', 'preflight'];
const READING: readonly EndpointName[] = ['content', 'download'];

/** What runs begin with: nothing done yet, a document that is too large for one call, and results of older versions. */
export const SCENES: readonly BoxScene[] = [
  {
    name: 'three scans',
    endpoints: [...BEFORE_WORK, ...READING, 'folder-create', 'upload', 'metadata-create'],
    lastNth: 4,
    requests: 26,
    outputs: 6,
    set: ({ emulator, folderId }) => seedScans(emulator, folderId, 3),
  },
  {
    name: 'a volume',
    endpoints: [...READING, 'session-create', 'part', 'commit', 'upload', 'metadata-create'],
    lastNth: 2,
    requests: 18,
    outputs: 2,
    async set({ emulator, folderId }) {
      await emulator.seedFile('volume.pdf', padScan(makeScan(1, 77), VOLUME_BYTES), { parentId: folderId });
    },
  },
  {
    name: 'new versions',
    endpoints: [...BEFORE_WORK, ...READING, 'upload-version', 'metadata-update'],
    lastNth: 2,
    requests: 20,
    outputs: 4,
    async set(program) {
      const { emulator, folderId } = program;
      await seedScans(emulator, folderId, 2);
      const { code, stderr } = await program.run();
      if (code !== 0) throw new Error(stderr);
      const scans = emulator.list(folderId).filter(({ path }) => !path.startsWith('OCR/'));
      for (const [index, { id }] of scans.entries()) await emulator.addVersion(id, makeScan(1, 1_000 + index));
    },
  },
];

/** Starts the program in a scene. Close it. */
export async function startScene(scene: BoxScene, options: BoxEmulatorOptions = {}): Promise<BoxProgram> {
  const program = await startBoxProgram(options);
  try {
    await scene.set(program);
    return program;
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/** The same scan with so many bytes more that PDF readers pass over. What is made of it keeps them. */
function padScan(scan: Buffer, sizeBytes: number): Buffer {
  const at = scan.lastIndexOf('xref\n0 ');
  const filling = Buffer.alloc(sizeBytes, '%\n');
  // The table is found by its offset, which is written after it.
  const tail = scan
    .subarray(at)
    .toString('latin1')
    .replace(/startxref\n\d+/, `startxref\n${at + filling.length}`);
  return Buffer.concat([scan.subarray(0, at), filling, Buffer.from(tail, 'latin1')]);
}
