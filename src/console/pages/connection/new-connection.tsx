import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { ChannelDescription } from '../../../client/admin.ts';
import { useBotId, useBotPath } from '../../data/bot.tsx';
import { useChannels } from '../../data/connections.ts';
import { channelName } from '../../parts/channel.tsx';
import { ChannelChoice } from '../../parts/channel-choice.tsx';
import { ConnectionForm } from '../../parts/connection-form.tsx';
import { Page, Sheet } from '../../parts/page.tsx';
import { Loading, Trouble } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';

export default function NewConnection() {
  const botId = useBotId();
  const to = useBotPath();
  const [, navigate] = useLocation();
  const toasts = useToasts();
  const channels = useChannels();
  const [chosen, setChosen] = useState<ChannelDescription | null>(null);
  return (
    <Page
      title={chosen === null ? 'Add a connection' : `Connect ${channelName(chosen.id)}`}
      description={
        chosen === null
          ? 'A channel this bot reaches people over, by credentials of its own.'
          : 'The provider is asked at once whether it takes the credentials. Nobody is sent anything.'
      }
      above={
        <Link href={to('connections')} className="link">
          Connections
        </Link>
      }
    >
      <Sheet>
        {channels.isPending && <Loading />}
        {channels.isError && <Trouble error={channels.error} retry={channels.refetch} />}
        {channels.isSuccess && chosen === null && (
          <ChannelChoice channels={channels.data.channels} onChoose={setChosen} />
        )}
        {chosen !== null && (
          <ConnectionForm
            botId={botId}
            channel={chosen}
            known={null}
            onSaved={({ connection, check }) => {
              if (check.ok) toasts.done('Saved', 'The credentials are good.');
              else toasts.refused('Saved, but the provider did not take the credentials', check.detail);
              navigate(to(`connections/${connection.id}`));
            }}
          />
        )}
      </Sheet>
    </Page>
  );
}
