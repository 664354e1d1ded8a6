import { Button } from '@radix-ui/themes';
import { useState } from 'react';
import type { ChannelDescription, ManagedConnection } from '../../../client/admin.ts';
import { type CheckedConnection, useChannels } from '../../data/connections.ts';
import { channelName } from '../../parts/channel.tsx';
import { ChannelChoice } from '../../parts/channel-choice.tsx';
import { CheckResult, ConnectionForm } from '../../parts/connection-form.tsx';
import { CopyBlock } from '../../parts/copy.tsx';
import { Sheet } from '../../parts/page.tsx';
import { Loading, Trouble } from '../../parts/states.tsx';
import { simulatedHook } from './simulated-hook.ts';

interface ConnectionStepProps {
  readonly botId: string;
  readonly onMade: (connection: ManagedConnection) => void;
}

/** A real provider, or a simulator on this machine for whoever has no credentials at hand. */
export function ConnectionStep({ botId, onMade }: ConnectionStepProps) {
  const channels = useChannels();
  const [chosen, setChosen] = useState<{ readonly channel: ChannelDescription; readonly isSimulated: boolean } | null>(
    null,
  );
  const [saved, setSaved] = useState<CheckedConnection | null>(null);
  const leave = () => {
    setChosen(null);
    setSaved(null);
  };
  if (channels.isPending) return <Loading />;
  if (channels.isError) return <Trouble error={channels.error} retry={channels.refetch} />;
  const hook = channels.data.channels.find(({ id }) => id === 'ivr');
  if (chosen === null)
    return (
      <>
        <Sheet title="A channel your people use">
          <ChannelChoice
            channels={channels.data.channels}
            onChoose={(channel) => setChosen({ channel, isSimulated: false })}
          />
        </Sheet>
        {hook !== undefined && (
          <Sheet title="No credentials at hand?">
            <div className="form">
              <p>Run the simulators beside the server, and send the first message to one of them:</p>
              <CopyBlock text="npx beckon sandbox" label="command" />
              <div>
                <Button variant="soft" onClick={() => setChosen({ channel: hook, isSimulated: true })}>
                  Connect the simulated webhook
                </Button>
              </div>
            </div>
          </Sheet>
        )}
      </>
    );
  return (
    <>
      <Sheet title={chosen.isSimulated ? 'The simulated webhook' : channelName(chosen.channel.id)}>
        <ConnectionForm
          botId={botId}
          channel={chosen.channel}
          known={null}
          {...(chosen.isSimulated && { suggested: simulatedHook() })}
          isDone={saved?.check.ok ?? false}
          onSaved={setSaved}
        />
      </Sheet>
      {saved !== null && <CheckResult check={saved.check} />}
      <div className="form-foot">
        <Button variant="soft" color="gray" onClick={leave}>
          Another channel
        </Button>
        {saved !== null && (
          <Button variant={saved.check.ok ? 'solid' : 'soft'} onClick={() => onMade(saved.connection)}>
            {saved.check.ok ? 'Go on' : 'Go on anyway'}
          </Button>
        )}
      </div>
    </>
  );
}
