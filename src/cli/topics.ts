/** The help topics, each loaded when asked for. */
const TOPICS = {
  'exit-codes': () => import('./topics/exit-codes.ts'),
  environment: () => import('./topics/environment.ts'),
  config: () => import('./topics/config.ts'),
  savio: () => import('./topics/savio.ts'),
  json: () => import('./topics/json.ts'),
} as const;

/** In the order of the help. */
export const TOPIC_NAMES: readonly string[] = Object.keys(TOPICS);

/** The text of a topic; `undefined` where there is no such topic. */
export async function loadTopic(name: string): Promise<string | undefined> {
  const load = Object.entries(TOPICS).find(([topic]) => topic === name)?.[1];
  return load === undefined ? undefined : (await load()).text;
}
