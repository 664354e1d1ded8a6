import type { ChannelDescription } from '../../client/admin.ts';
import { CHANNEL_IDS, ChannelMark, channelName } from './channel.tsx';
import './channel-choice.css';

const WHAT: Readonly<Record<string, string>> = {
  msteams: 'Direct messages from a Teams app',
  slack: 'Direct messages from a Slack app',
  hangoutchat: 'Messages from a Chat app',
  whatsapp: 'Cloud API of Meta',
  sms: 'Twilio, or any HTTP gateway',
  email: 'Any SMTP relay',
  webpush: 'Notifications in browsers',
  ivr: 'Signed HTTP calls to a program',
};

interface ChannelChoiceProps {
  readonly channels: readonly ChannelDescription[];
  readonly onChoose: (channel: ChannelDescription) => void;
}

export function ChannelChoice({ channels, onChoose }: ChannelChoiceProps) {
  return (
    <ul className="choices">
      {inOrder(channels).map((channel) => (
        <li key={channel.id}>
          <button type="button" onClick={() => onChoose(channel)}>
            <ChannelMark id={channel.id} />
            <span>
              <strong>{channelName(channel.id)}</strong>
              <span className="quiet">{WHAT[channel.id]}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** As channels are listed everywhere; those of a newer server come last. */
function inOrder(channels: readonly ChannelDescription[]): ChannelDescription[] {
  const placeOf = ({ id }: ChannelDescription) => {
    const place = CHANNEL_IDS.indexOf(id);
    return place === -1 ? CHANNEL_IDS.length : place;
  };
  return channels.toSorted((one, other) => placeOf(one) - placeOf(other));
}
