import type { SandboxCredentials } from './credentials.ts';
import type { SandboxUrls } from './urls.ts';

export function writeGuide(urls: SandboxUrls, _credentials: SandboxCredentials): string {
  return `Beckon sandbox at ${urls.base}\n`;
}
