import type { Sharing } from '../core/settings.ts';
import type { EngineIdentity } from '../engines/ocr-engine.ts';
import type { EngineReport } from '../core/engine-report.ts';
import type { PipelineError } from '../core/errors.ts';
import type { RunObserver, RunProgress } from '../core/progress.ts';
import type { PlanProgress, RunPlan } from '../core/run-estimate.ts';
import type { BoxChoices, EngineRequest, RunRequest, SlurmChoices } from '../core/run-request.ts';
import type { RunState } from '../core/run-state.ts';
import type { EngineName, OutputFormat, RecognitionSettings, PageLimits } from '../core/settings.ts';
import type { RunRecord } from '../runs/run-store.ts';

export type { EngineReport };

/** What a program says of the engine it would read with. */
export interface IdentifiedEngine {
  readonly programVersion: string;
  readonly engine: EngineIdentity & { readonly engine: EngineName };
}

export interface EngineChoice extends EngineRequest {
  readonly lang: string;
}

/** A run that came to its end, whether all documents are complete or some failed. */
export interface RunOutcome {
  readonly record: RunRecord;
  /** Absolute path of the run folder. */
  readonly folder: string;
  readonly state: RunState;
  /** Absolute path. */
  readonly reportFile?: string | undefined;
  /** Of this session. */
  readonly durationMs: number;
  /** All there was to do was submitted, and goes on without this program. */
  readonly detached?: boolean | undefined;
}

/** What a person's own command is told of a run that has come to its end. */
export interface RunEnd {
  /** Empty where none was begun. */
  readonly run: string;
  readonly exitCode: number;
  /** One sentence. */
  readonly summary: string;
  /** Absolute path; absent where there is none. */
  readonly report?: string | undefined;
}

/** A run folder as `status` lists it. */
export interface RunEntry {
  readonly folder: string;
  readonly record: RunRecord;
  /** The last sign of life. */
  readonly progress?: RunProgress | undefined;
  /** Whether somebody works on it; absent where its last sign of life says that it has ended. */
  readonly isAlive?: boolean | undefined;
  /** Reads the whole ledger. */
  readState(): Promise<RunState>;
}

/** What `resume` may change of a run; all else was frozen when it began. */
export interface ResumeRequest {
  readonly workDir: string;
  readonly name: string;
  /** Absent: as it is. */
  readonly share?: Sharing | undefined;
  readonly jobs: number;
  readonly tesseract?: string | undefined;
  readonly box: BoxChoices;
  /** What is asked of Slurm otherwise than before. */
  readonly slurm: Partial<SlurmChoices>;
  readonly detach: boolean;
}

/** Something in the work folder, or beside it, that may be removed. Plain JSON. */
export interface Clutter {
  /** A whole run folder; what a finished run needed while it was on; what is made again when it is needed. */
  readonly kind: 'run' | 'scratch' | 'cache';
  /** The run's name. */
  readonly run?: string | undefined;
  /** Absolute. */
  readonly paths: readonly string[];
  readonly sizeBytes: number;
  /** Why nobody needs it. */
  readonly reason: string;
  /** Why it stays all the same. */
  readonly kept?: string | undefined;
}

export interface CleanOutcome extends Clutter {
  readonly removed: boolean;
}

/** What `clean` looks for. */
export interface CleanRequest {
  readonly workDir: string;
  /** Whole names of runs that are to go wholly; none: what is of no use to anybody. */
  readonly names: readonly string[];
  /** Where this program keeps what it can make again. Absolute. */
  readonly cacheFolder: string;
}

export type CancelOutcome = 'asked-to-stop' | 'jobs-cancelled' | 'not-running';

/** What a scheduler says of a run's jobs. */
export interface RunJobs {
  /** Of all it ever had; the newest last. */
  readonly jobIds: readonly string[];
  /** Array tasks. */
  readonly waiting: number;
  readonly running: number;
  /** When the first that waits will probably start. */
  readonly startsAt?: string | undefined;
  /** Pages whose results wait to be collected. */
  readonly pagesRead: number;
}

/** What one step is applied to: files named by the person, or all documents of a run. */
export type StepTarget =
  | {
      readonly kind: 'files';
      readonly files: readonly string[];
      /** 1-based, ascending; absent: all. */ readonly pageNumbers?: readonly number[] | undefined;
    }
  | { readonly kind: 'run'; readonly workDir: string; readonly name: string };

interface StepRequest {
  readonly target: StepTarget;
  /** How Box is reached; asked only where the documents of a run lie there. */
  readonly box: BoxChoices;
  /** Absolute; made when needed. */
  readonly outputFolder: string;
  readonly jobs: number;
  readonly limits: PageLimits;
}

export interface RasterizeRequest extends StepRequest {
  readonly dpi: number;
}

/** Files are PDFs or page images. Results go to `<name>.pages.jsonl`, one page result a line. */
export interface RecognizeRequest extends StepRequest, EngineRequest {
  readonly recognition: Omit<RecognitionSettings, 'engine'>;
}

/** Files are PDFs; their page results are read from `resultsFolder`, `<name>.pages.jsonl`, as `recognize` writes them. */
export interface AssembleRequest extends StepRequest {
  readonly resultsFolder: string;
  readonly formats: readonly OutputFormat[];
}

/** Something a step made, or failed to make. */
export interface StepItem {
  readonly source: string;
  readonly pageNumber?: number | undefined;
  /** Absolute path of what was written; absent when it failed. */
  readonly file?: string | undefined;
  /** Why it failed, for people. */
  readonly problem?: string | undefined;
}

/** What is known of a language code. */
export interface LanguageFacts {
  readonly code: string;
  /** Its English name; absent where it is none of Tesseract's codes. */
  readonly name?: string | undefined;
  /** What may have been meant, likeliest first; empty where the code is known. */
  readonly near: readonly { readonly code: string; readonly name: string }[];
}

/** What a cluster says of itself and of the person who asks. */
export interface ClusterView {
  readonly config: {
    /** Of Slurm: `22.05.8`. */
    readonly version: string;
    readonly hasAccounting: boolean;
  };
  readonly partitions: readonly {
    readonly name: string;
    readonly isDefault: boolean;
    readonly isUp: boolean;
    /** Listed only to those who ask for all. */
    readonly isHidden?: true | undefined;
    /** A job takes, and pays for, all of a node. */
    readonly wholeNodes: boolean;
    /** The most numerous first. */
    readonly nodeKinds: readonly { readonly cores: number }[];
  }[];
  /** What the person may use; undefined where Slurm keeps no accounts, `unavailable` where it did not say. */
  readonly associations:
    | readonly { readonly account: string; readonly qos: readonly string[] }[]
    | 'unavailable'
    | undefined;
}

/** What came of starting the program in a container image. */
export interface ContainerImageReport {
  /** Absolute path of Apptainer or Singularity; absent where neither is here. */
  readonly program?: string;
  /** Absent where the image does not run. */
  readonly version?: string;
  /** What was printed. */
  readonly said: string;
}

/** A job of one minute and one core that looks at the work folder and starts the program. */
export interface TestJobRequest {
  readonly environment: NodeJS.ProcessEnv;
  readonly choices: SlurmChoices;
  readonly workDir: string;
  readonly timeoutMs: number;
}

/** What came of a job that only looks around. */
export interface TestJob {
  readonly outcome: 'completed' | 'failed' | 'waiting';
  readonly detail: string;
}

/** A folder of Box, found. */
export interface BoxFolder {
  readonly id: string;
  /** From the top, `/` between parts, as people know it: `Scans/Marduk`. */
  readonly path: string;
  readonly name: string;
}

/** An entry of a Box folder. */
export interface BoxEntry {
  /** `file`, `folder`, `web_link`, or what Box invents next. */
  readonly type: string;
  readonly id: string;
  readonly name: string;
  /** 0 for what is no file. */
  readonly sizeBytes: number;
  /** Lower-case hex; files only. */
  readonly sha1?: string | undefined;
}

/** Who is logged in to Box, and how. */
export interface BoxAccount {
  /** `login` is the e-mail address. */
  readonly user: { readonly id: string; readonly name: string; readonly login: string };
  readonly kind: 'person' | 'app' | 'developer-token';
  /** Absolute path of where the login is kept; absent for a developer token. */
  readonly loginFile?: string | undefined;
  /** Days without use after which a person's login ends. */
  readonly lastsUnusedDays?: number | undefined;
  /** A sentence to show: the login ends soon. */
  readonly warning?: string | undefined;
}

/** The person's side of logging in. */
export interface BoxLoginTalk {
  /** Shows where to go: `startAddress` works where this computer's ports can be reached, `boxAddress` everywhere. */
  invite(startAddress: string, boxAddress: string, waitMs: number): Promise<void> | void;
  /** Lines the person pastes; may end at once. */
  readonly pasted: AsyncIterable<string>;
  /** Says that a pasted line was not it, and why. */
  complain(reason: string): void;
}

/** How somebody logs in: in a browser, with an app's file, or with a login that another computer handed over. */
export type BoxLoginWay =
  | { readonly kind: 'person'; readonly talk: BoxLoginTalk }
  | { readonly kind: 'service-account'; readonly appFile: string }
  | { readonly kind: 'handed-over'; readonly read: () => Promise<string> };

/** How Box is reached, and for whom. */
export interface BoxCaller {
  readonly choices: BoxChoices;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What people ask of Box themselves, apart from runs. @throws {AccessError | ConfigError | TransientError} each of them. */
export interface BoxService {
  logIn(way: BoxLoginWay, signal: AbortSignal): Promise<BoxAccount>;
  /** Gives the login to `write`, then forgets it here; where `write` fails it stays. */
  sendLogin(write: (text: string) => Promise<void>): Promise<BoxAccount>;
  /** Ends the login at Box and here. `revoked`: Box was told. Undefined where there was none. */
  logOut(): Promise<{ readonly user: BoxAccount['user']; readonly revoked: boolean } | undefined>;
  /** Asks Box whose login it is, and so whether it works. */
  whoAmI(signal: AbortSignal): Promise<BoxAccount>;
  /** What is in a folder, named by ID, link or `box:Path`; in no promised order. */
  listFolder(
    address: string,
    signal: AbortSignal,
  ): Promise<{ readonly folder: BoxFolder; readonly items: readonly BoxEntry[] }>;
  /** Whether a folder can be read, and results be put into it or into the other one. Leaves nothing in Box. */
  checkFolder(
    address: string,
    resultsAddress: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly folder: BoxFolder; readonly whyNotWritable?: string | undefined }>;
}

/** All that the program can do: what commands, and whatever else shows it to people, ask of it. */
export interface App {
  startRun(request: RunRequest, observer: RunObserver, signal: AbortSignal): Promise<RunOutcome>;
  resumeRun(request: ResumeRequest, observer: RunObserver, signal: AbortSignal): Promise<RunOutcome>;
  planRun(request: RunRequest, signal: AbortSignal, tell?: (progress: PlanProgress) => void): Promise<RunPlan>;
  /** Every run folder in the work directory, newest first; none where there is no such directory. */
  listRuns(workDir: string, tell?: (problem: PipelineError) => void): Promise<readonly RunEntry[]>;
  /** Asks the scheduler about all runs that have jobs; those without, and all where nobody answers, are not in the answer. */
  findJobs(entries: readonly RunEntry[]): Promise<ReadonlyMap<RunEntry, RunJobs>>;
  /** Asks whoever works on a run to stop tidily, and ends its jobs on a cluster. Settles once asked. */
  cancelRun(entry: RunEntry): Promise<CancelOutcome>;
  /** Finds what may be removed, and what stays though it was named; changes nothing. */
  findClutter(request: CleanRequest): Promise<readonly Clutter[]>;
  /** Removes it, but what is kept or has come alive meanwhile. Results are never touched. */
  removeClutter(items: readonly Clutter[]): Promise<readonly CleanOutcome[]>;
  /** Runs a person's own command when a run has ended; answers with what went wrong, if anything. */
  runWhenDone(command: string, end: RunEnd): Promise<string | undefined>;
  /** Writes the report of a run again and answers with its path. */
  writeReport(entry: RunEntry): Promise<string>;
  rasterizePages(request: RasterizeRequest, signal: AbortSignal): AsyncIterable<StepItem>;
  recognizePages(request: RecognizeRequest, signal: AbortSignal): AsyncIterable<StepItem>;
  assembleDocuments(request: AssembleRequest, signal: AbortSignal): AsyncIterable<StepItem>;
  /** Reads the pages of one task of a run, here. Settles when the result files of its chunks are complete. */
  workOnTask(runFolder: string, taskName: string, signal: AbortSignal): Promise<void>;
  /** What this program would read with; asked of the program in a container image. */
  identifyEngine(request: EngineChoice): Promise<IdentifiedEngine>;
  /** Looks at every engine that could be used; an engine that is missing is in the answer. */
  findEngines(tesseract: string | undefined): Promise<readonly EngineReport[]>;
  /** Asks Slurm about itself: `absent` where it is not installed, `silent` where it does not answer. */
  inspectCluster(environment: NodeJS.ProcessEnv): Promise<ClusterView | 'absent' | 'silent'>;
  /** Starts the program in a container image. Never rejects because the image does not run. */
  inspectContainerImage(image: string): Promise<ContainerImageReport>;
  /** Submits a test job and waits for it. @throws {PipelineError} Slurm refuses it. It is cancelled when the time is up. */
  runTestJob(request: TestJobRequest): Promise<TestJob>;
  /** Box, as people ask it themselves. Nothing is loaded or asked before its first call. */
  openBox(caller: BoxCaller): BoxService;
  /** Names languages and corrects mistyped ones; answers in the order asked. */
  explainLanguages(codes: readonly string[]): Promise<readonly LanguageFacts[]>;
}
