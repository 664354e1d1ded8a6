import { Button } from '@radix-ui/themes';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import type { ConnectionState } from '../../../client/connections.ts';
import { freshKey } from '../../../client/fresh-key.ts';
import { useBotId, useBotPath } from '../../data/bot.tsx';
import { useConnections } from '../../data/connections.ts';
import { useMay } from '../../data/session.tsx';
import { useConfirm } from '../../parts/confirm.tsx';
import { Page } from '../../parts/page.tsx';
import { type Problems, problemOf } from '../../parts/problems.ts';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';
import { isNobody } from './audience.ts';
import { AudiencePart } from './audience-part.tsx';
import { ChannelsPart } from './channels-part.tsx';
import { type Draft, dropAttempt, dropDraft, keepDraft, newChannel, recallAttempt, recallDraft } from './draft.ts';
import { writeDraft } from './draft-body.ts';
import { useLaunch } from './launch.ts';
import { MessagePart } from './message-part.tsx';
import { PreviewPart } from './preview-part.tsx';
import type { RecipientsFile } from './recipients-file.ts';
import { ReviewPart } from './review-part.tsx';
import { RulesPart } from './rules-part.tsx';
import { TimingPart } from './timing-part.tsx';
import { useAudience } from './use-audience.ts';
import './compose.css';

export default function Compose() {
  const connections = useConnections();
  const maySend = useMay('sender');
  return (
    <Page title="New notification" description="This browser keeps what you write here until it is sent.">
      {!maySend ? (
        <Empty title="Your role may look, not send">Ask an administrator to make you a sender.</Empty>
      ) : connections.isPending ? (
        <Loading lines={8} />
      ) : connections.isError ? (
        <Trouble error={connections.error} retry={connections.refetch} />
      ) : (
        <Composer connections={connections.data} />
      )}
    </Page>
  );
}

/** What every part of the form gets. */
export interface PartProps {
  readonly draft: Draft;
  readonly change: (change: Partial<Draft>) => void;
  readonly problems: Problems;
}

function Composer({ connections }: { readonly connections: readonly ConnectionState[] }) {
  const botId = useBotId();
  const to = useBotPath();
  const [, go] = useLocation();
  const toasts = useToasts();
  const confirm = useConfirm();
  const [draft, setDraft] = useState(() => firstDraft(botId, connections));
  const [file, setFile] = useState<RecipientsFile | null>(null);
  const [problems, setProblems] = useState<Problems>([]);
  const { launching, launch, stop } = useLaunch(({ id }) => {
    dropDraft(botId);
    toasts.done('The notification is on its way');
    go(to(`notifications/${id}`));
  });
  useEffect(() => keepDraft(botId, draft), [botId, draft]);

  const change = (changed: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...changed }));
    // What was wrong with it is for the server to say again.
    setProblems([]);
  };
  const startAnew = () =>
    confirm({
      title: 'Throw this draft away?',
      children: <p>Everything that was entered here is emptied. Nothing has been sent.</p>,
      verb: 'Throw it away',
      isDestructive: true,
      run: async () => {
        dropDraft(botId);
        setDraft(firstDraft(botId, connections));
        setFile(null);
        setProblems([]);
        return null;
      },
    });

  const { audience, found } = useAudience(draft.audience, file);
  const { sample } = audience;
  const refused = launching.at === 'refused' ? problemOf(launching.error) : null;
  const shown = refused === null ? problems : [...problems, refused];
  const part: PartProps = { draft, change, problems: shown };
  const isBusy = launching.at === 'sending' || launching.at === 'uploading';

  const written = () => {
    const result = writeDraft(draft, connections);
    const missing = isNobody(audience) ? [{ pointer: '/recipients', sentence: 'say who is to get it' }] : [];
    if ('words' in result && missing.length === 0) return result.words;
    setProblems([...missing, ...('problems' in result ? result.problems : [])]);
    return null;
  };

  return (
    <div className="compose">
      <fieldset className="compose-form" disabled={isBusy}>
        <legend className="only-heard">The notification</legend>
        <AudiencePart {...part} audience={audience} found={found} file={file} onFile={setFile} />
        <ChannelsPart {...part} connections={connections} />
        <MessagePart {...part} connections={connections} sample={sample} file={file} />
        <TimingPart {...part} />
        <RulesPart {...part} />
      </fieldset>
      <PreviewPart draft={draft} connections={connections} sample={sample} />
      <ReviewPart
        audience={audience}
        draft={draft}
        connections={connections}
        problems={shown}
        launching={launching}
        isTried={recallAttempt(botId) === draft.key}
        onProblem={setProblems}
        write={written}
        launch={(words, planId) => launch({ key: draft.key, words, audience, planId })}
        stop={stop}
        sendAnother={() => {
          dropAttempt(botId);
          change({ key: freshKey() });
        }}
        aside={
          <Button variant="soft" color="gray" onClick={startAnew} disabled={isBusy}>
            Start anew
          </Button>
        }
      />
    </div>
  );
}

/** What was kept, without channels that are gone meanwhile; where there is but one channel, with it. */
function firstDraft(botId: string, connections: readonly ConnectionState[]): Draft {
  const draft = recallDraft(botId);
  const channels = draft.channels.filter(({ connectionId }) => connections.some(({ id }) => id === connectionId));
  const [only, ...others] = connections;
  const isObvious = channels.length === 0 && only !== undefined && others.length === 0;
  return { ...draft, channels: isObvious ? [newChannel(only.id)] : channels };
}
