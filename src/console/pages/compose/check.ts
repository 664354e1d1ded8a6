import { useMutation } from '@tanstack/react-query';
import type { ConnectionState } from '../../../client/connections.ts';
import type { Preflight } from '../../../client/send-documents.ts';
import { useBotId } from '../../data/bot.tsx';
import { useClient } from '../../data/client.tsx';
import { connectionName } from '../../data/connections.ts';
import { type Audience, identityOf, MAX_IN_CALL, type Named } from './audience.ts';
import type { Draft } from './draft.ts';
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
  /** More of them go on to another channel than the server names, so nobody knows what would become of them there. */
  readonly isCut: boolean;
}

interface CheckAsked {
  readonly draft: Draft;
  readonly audience: Audience;
}

/** Asks for each channel what would become of those whom the channels before would not reach. */
export function useCheck(connections: readonly ConnectionState[]) {
  const { notifications } = useClient();
  const botId = useBotId();
  return useMutation({
    mutationFn: async ({ draft, audience }: CheckAsked): Promise<CheckReport> => {
      const first = audience.sample.slice(0, MAX_IN_CALL);
      const { total } = audience;
      const steps: CheckStep[] = [];
      let [left, isCut]: [readonly Named[], boolean] = [first, false];
      for (const [index, channel] of draft.channels.entries()) {
        if (left.length === 0 || isCut) break;
        // The first is asked about all of the notification, so that everything that is wrong with it is told.
        const isWhole = index === 0 && first.length === total;
        const written = isWhole ? writeDraft(draft, connections) : writeChannel(draft, channel, connections);
        if ('problems' in written) break;
        // Whom to leave out is known when it is sent; nothing of a check is kept.
        const { exclude: _exclude, ...words } = written.words;
        const report = await notifications.rehearse({ botId, body: { ...words, recipients: left } });
        const connection = connections.find(({ id }) => id === channel.connectionId);
        const name = connection === undefined ? channel.connectionId : connectionName(connection);
        steps.push({ connectionId: channel.connectionId, name, report });
        const failing = new Set(report.failing.map(({ identity }) => identity));
        isCut = report.failing.length < report.recipients - report.ready;
        left = left.filter((named) => failing.has(identityOf(named)));
      }
      const reached = steps.reduce((sum, { report }) => sum + report.ready, 0);
      return { recipients: first.length, total, steps, unreached: first.length - reached, isCut };
    },
  });
}
