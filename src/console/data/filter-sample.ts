import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { FilterBody } from '../../client/send-documents.ts';
import { fitsFilter } from '../../model/people-filter.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';
import { identityOf } from './people.ts';

/** Some of those who fit a filter. */
export interface FilterSample {
  readonly people: readonly string[];
  /** How many were asked whether they fit. */
  readonly looked: number;
  /** Nobody else is there. */
  readonly isWhole: boolean;
}

const PAGE = 500;
/** A directory may be large, and this is but to see whether the filter says what is meant. */
const MOST_LOOKED = 2_000;

/** Judged here, by the rule that the server goes by; null: there is no filter. */
export function useFilterSample(filter: FilterBody | null) {
  const { people } = useClient();
  const botId = useBotId();
  return useQuery({
    queryKey: ['bots', botId, 'people', 'filter', filter],
    enabled: filter !== null,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<FilterSample> => {
      const { everybody, ...rules } = filter ?? {};
      const isNarrow = everybody === true || Object.keys(rules).length > 0;
      let [looked, cursor]: [number, string | null] = [0, null];
      const found: string[] = [];
      do {
        const page: Awaited<ReturnType<typeof people.list>> = await people.list({
          botId,
          limit: PAGE,
          signal,
          ...(cursor !== null && { cursor }),
        });
        looked += page.people.length;
        for (const person of page.people) {
          const described = { tags: [], attributes: {}, locale: null, ...person };
          if (isNarrow && fitsFilter(described, rules)) found.push(identityOf(person));
        }
        cursor = page.nextCursor;
      } while (cursor !== null && looked < MOST_LOOKED);
      return { people: found, looked, isWhole: cursor === null };
    },
  });
}
