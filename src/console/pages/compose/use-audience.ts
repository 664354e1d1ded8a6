import { useMemo } from 'react';
import { type FilterSample, useFilterSample } from '../../data/filter-sample.ts';
import { useSettled } from '../../parts/settled.ts';
import { type Audience, readFilter, readPasted } from './audience.ts';
import type { AudienceDraft } from './draft.ts';
import type { RecipientsFile } from './recipients-file.ts';

/** Who is meant by what the fields hold; `found` is what a filter finds at present. */
export function useAudience(
  { from, pasted, filter: rules }: AudienceDraft,
  file: RecipientsFile | null,
): { readonly audience: Audience; readonly found: FilterSample | undefined } {
  const named = useMemo(() => readPasted(pasted), [pasted]);
  const filter = useMemo(() => readFilter(rules), [rules]);
  const found = useFilterSample(useSettled(from === 'directory' ? filter : null)).data;
  return { found, audience: audienceFrom() };

  function audienceFrom(): Audience {
    if (from === 'pasted') return { from, sample: named, total: named.length };
    if (from === 'file') return { from, sample: file?.sample ?? [], total: file?.recipients ?? 0, file };
    const total = found?.isWhole === true ? found.people.length : null;
    return { from, sample: found?.people ?? [], total, filter };
  }
}
