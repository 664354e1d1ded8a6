import { useMutation } from '@tanstack/react-query';
import type { ConnectionState } from '../../../client/connections.ts';
import type { Preflight } from '../../../client/send-documents.ts';
import { useBotId } from '../../data/bot.tsx';
import { useClient } from '../../data/client.tsx';
import { connectionName } from '../../data/connections.ts';
import { type Audience, identityOf, inOneCall, MAX_IN_CALL, type Named } from './audience.ts';
import type { ChannelDraft, Draft } from './draft.ts';
import { writeChannel, writeDraft } from './draft-body.ts';

/** What became of those who were left to one channel. */
export interface CheckStep {
  readonly connectionId: string;
  readonly name: string;
  readonly report: Preflight;
}

export interface CheckReport {
  /** How many were checked, of how many. */
  readonly recipients: number;
  /** Null: nobody knows yet. */
  readonly total: number | null;
  readonly steps: readonly CheckStep[];
  /** Whom no channel that was checked would reach. */
  readonly unreached: number;
  /** What was found, which can be launched as it is; null: nothing was kept, or there is nobody. */
  readonly plan: HeldPlan | null;
  /** More of them go on to another channel than the server names, so nobody knows what would become of them there. */
  readonly isCut: boolean;
}

/** Whom a check found and what they would be sent, until it expires. */
export interface HeldPlan {
  readonly id: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

interface CheckAsked {
  readonly draft: Draft;
  readonly audience: Audience;
}

/**
 * Asks for each channel what would become of those whom the channels before would not reach. The first is asked about the
 * notification as it is, so that everything that is wrong with it is told; and what one call takes is kept as it was found.
 */
export function useCheck(connections: readonly ConnectionState[]) {
  const { notifications } = useClient();
  const botId = useBotId();
  const ask = (draft: Draft, audience: Audience, { channel, left }: { channel: ChannelDraft; left: Left }) => {
    const whole = left === null ? inOneCall(audience) : null;
    const written = whole === null ? writeChannel(draft, channel, connections) : writeDraft(draft, connections);
    if ('problems' in written) return null;
    if (whole !== null) return notifications.preflight({ botId, body: { ...written.words, recipients: whole } });
    const recipients = left ?? audience.sample.slice(0, MAX_IN_CALL);
    return notifications.rehearse({ botId, body: { ...written.words, recipients } });
  };
  return useMutation({
    mutationFn: async ({ draft, audience }: CheckAsked): Promise<CheckReport> => {
      const steps: CheckStep[] = [];
      let [left, isCut]: [Left, boolean] = [null, false];
      for (const channel of draft.channels) {
        if (left?.length === 0 || isCut) break;
        const report = await ask(draft, audience, { channel, left });
        if (report === null) break;
        const connection = connections.find(({ id }) => id === channel.connectionId);
        const name = connection === undefined ? channel.connectionId : connectionName(connection);
        steps.push({ connectionId: channel.connectionId, name, report });
        isCut = report.failing.length < report.rehearsed - report.ready;
        left = failingOf(report, left ?? audience.sample);
      }
      const first = steps[0]?.report;
      const recipients = first?.recipients ?? 0;
      const reached = steps.reduce((sum, { report }) => sum + report.ready, 0);
      const total = inOneCall(audience) === null ? audience.total : recipients;
      return { recipients, total, steps, unreached: recipients - reached, isCut, plan: planOf(first) };
    },
  });
}

/** Null: everybody. */
type Left = readonly Named[] | null;

/** As they were named, with what is special about them; of a filter nobody was. */
function failingOf({ failing }: Preflight, asked: readonly Named[]): readonly Named[] {
  const named = new Map(asked.map((one) => [identityOf(one), one]));
  return failing.map(({ identity }) => named.get(identity) ?? identity);
}

const planOf = (report: Preflight | undefined): HeldPlan | null =>
  report?.planId && report.planExpiresAt ? { id: report.planId, expiresAt: report.planExpiresAt } : null;
