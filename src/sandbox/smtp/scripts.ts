/** What the local part of an address makes the relay do. */
export interface Script {
  /** The reply to RCPT TO. */
  readonly atRecipient: string | null;
  /** The reply after the final dot. */
  readonly atMail: string | null;
  /** The mail is taken, and the connection breaks instead of a reply. */
  readonly drops: boolean;
  /** Refused for now when it is met first. */
  readonly greylisted: boolean;
}

const PLAIN: Script = { atRecipient: null, atMail: null, drops: false, greylisted: false };

/** `[data-]<code>[-<status>]`, with anything after a plus sign: `550-5.1.1+jane`. */
const SCRIPTED = /^(data-)?([45]\d\d)(?:-(\d\.\d{1,3}\.\d{1,3}))?(?:\+.*)?$/;

export function scriptOf(address: string): Script {
  const localPart = address.slice(0, address.lastIndexOf('@'));
  const [, late, code, status] = SCRIPTED.exec(localPart) ?? [];
  if (code !== undefined) {
    const reply = [code, status, 'as its name says'].filter((word) => word !== undefined).join(' ');
    return { ...PLAIN, ...(late === undefined ? { atRecipient: reply } : { atMail: reply }) };
  }
  return { ...PLAIN, drops: localPart.startsWith('drop'), greylisted: localPart.startsWith('greylist') };
}
