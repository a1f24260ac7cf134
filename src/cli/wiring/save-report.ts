import type { RunFolder } from '../../runs/run-folder.ts';
export async function saveReport(run: RunFolder): Promise<string> { return run.reportFile; }
export async function writeReport(folder: string): Promise<string> { return folder; }
