import { domainToASCII } from 'node:url';

/** Someone who sends or gets mail; `name` is '' when only the address was given. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** Reads `Jane Doe <jane@example.com>` or a bare address, as the settings' schema lets them through. */
export function readMailbox(text: string): Mailbox {
  const [, name = '', address = text] = /^([^<]*)<([^>]*)>$/.exec(text) ?? [];
  return { name: name.trim(), address };
}

/** The domain as it is written in an identifier. */
export function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return domainToASCII(domain) || domain;
}

const MAX_ADDRESS_LENGTH = 254;
const ATOM = '[^\\s\\p{C}<>()[\\]\\\\,;:"@]';
const ONE_ADDRESS = new RegExp(`^${ATOM}{1,64}@(?!\\.)(?:(?!\\.\\.)${ATOM}){1,253}(?<!\\.)$`, 'u');

/** One address and nothing besides: no list, no name, no comment, no line break, no second command for the relay. */
export function isOneAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS_LENGTH && ONE_ADDRESS.test(text);
}
