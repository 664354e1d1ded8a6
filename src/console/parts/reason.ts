import { explainReason } from '../../model/reasons.ts';

/** What a reason means. Kore's own words come in quotation marks, which nobody needs to see here. */
export const meaningOf = (reason: string): string => explainReason(reason).meaning.replaceAll("'", '');
