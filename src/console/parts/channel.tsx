import './channel.css';

/** What people call the channels. One that a newer server has goes by its id. */
const NAMES: Readonly<Record<string, string>> = {
  msteams: 'Microsoft Teams',
  slack: 'Slack',
  hangoutchat: 'Google Chat',
  whatsapp: 'WhatsApp',
  sms: 'SMS',
  email: 'E-mail',
  webpush: 'Web push',
  ivr: 'Webhook',
};

export const channelName = (channel: string): string => NAMES[channel] ?? channel;

export const CHANNEL_IDS: readonly string[] = Object.keys(NAMES);

/** The name of a channel with its mark. */
export function Channel({ id, name }: { readonly id: string; readonly name?: string | null }) {
  return (
    <span className="channel">
      <ChannelMark id={id} />
      <span className="clip">{name ? `${channelName(id)} · ${name}` : channelName(id)}</span>
    </span>
  );
}

export function ChannelMark({ id }: { readonly id: string }) {
  return (
    <span
      className="channel-mark"
      aria-hidden="true"
      data-channel={id}
      data-letter={MARKS[id] ?? id.slice(0, 1).toUpperCase()}
    />
  );
}

const MARKS: Readonly<Record<string, string>> = {
  msteams: 'T',
  slack: 'S',
  hangoutchat: 'G',
  whatsapp: 'W',
  sms: 'sms',
  email: '@',
  webpush: 'P',
  ivr: '{}',
};
