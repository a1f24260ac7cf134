import type { App, BoxCaller, BoxService } from './contract.ts';

/** The program's own parts, loaded when they are asked for: each command pays only for what it uses. */
export const app: App = {
  startRun: async (request, observer, signal) => (await import('./start-run.ts')).startRun(request, observer, signal),
  resumeRun: async (request, observer, signal) =>
    (await import('./resume-run.ts')).resumeRun(request, observer, signal),
  planRun: async (request, signal, tell) => (await import('./plan-run.ts')).planRun(request, signal, tell),
  listRuns: async (workDir, tell) => (await import('./find-runs.ts')).listRuns(workDir, tell),
  findJobs: async (entries) => (await import('./find-jobs.ts')).findJobs(entries),
  runWhenDone: async (command, end) => (await import('./run-when-done.ts')).runWhenDone(command, end, process.env),
  findClutter: async (request) => (await import('./clean-up.ts')).findClutter(request),
  removeClutter: async (items) => (await import('./clean-up.ts')).removeClutter(items),
  cancelRun: async (entry) => (await import('./find-runs.ts')).cancelRun(entry),
  writeReport: async (entry) => (await import('./save-report.ts')).writeReport(entry.folder),
  async *rasterizePages(request, signal) {
    yield* (await import('./single-steps.ts')).rasterizePages(request, signal);
  },
  async *recognizePages(request, signal) {
    yield* (await import('./single-steps.ts')).recognizePages(request, signal);
  },
  async *assembleDocuments(request, signal) {
    yield* (await import('./single-steps.ts')).assembleDocuments(request, signal);
  },
  workOnTask: async (runFolder, taskName, signal) =>
    (await import('./work-on-task.ts')).workOnTask(runFolder, taskName, signal),
  identifyEngine: async (request) => (await import('./choose-engine.ts')).identifyEngine(request),
  findEngines: async (tesseract) => (await import('../engines/find-engines.ts')).findEngines(tesseract),
  inspectCluster: async (environment) => (await import('./inspect-cluster.ts')).inspectCluster(environment),
  inspectContainerImage: async (image) => (await import('./container-image.ts')).inspectContainerImage(image),
  runTestJob: async (request) => (await import('./inspect-cluster.ts')).runTestJob(request),
  openBox: openBoxLazily,
  explainLanguages: async (codes) => (await import('./explain-languages.ts')).explainLanguages(codes),
};

function openBoxLazily(caller: BoxCaller): BoxService {
  const load = async (): Promise<BoxService> => (await import('./box-service.ts')).makeBoxService(caller);
  return {
    logIn: async (way, signal) => (await load()).logIn(way, signal),
    sendLogin: async (write) => (await load()).sendLogin(write),
    logOut: async () => (await load()).logOut(),
    whoAmI: async (signal) => (await load()).whoAmI(signal),
    listFolder: async (address, signal) => (await load()).listFolder(address, signal),
    checkFolder: async (address, results, signal) => (await load()).checkFolder(address, results, signal),
  };
}
