import type { PageDamage } from '../core/page.ts';

/** Hears of damage to an image, once or more; the first time tells most. */
export type OnImageDamage = (damage: Pick<PageDamage, 'kind' | 'filter'>) => void;

/** The damage of an image's stream as that of a page's part. */
export function imageDamage({ kind, filter }: Pick<PageDamage, 'kind' | 'filter'>): PageDamage {
  return filter === undefined ? { part: 'image', kind } : { part: 'image', kind, filter };
}
