import { createContext, type ReactNode, use } from 'react';

const BotContext = createContext<string | null>(null);

/** The bot that a page is about, as the address names it. */
export function BotProvider({ botId, children }: { readonly botId: string; readonly children: ReactNode }) {
  return <BotContext value={botId}>{children}</BotContext>;
}

export function useBotId(): string {
  const botId = use(BotContext);
  if (botId === null) throw new Error('useBotId is called outside the pages of a bot');
  return botId;
}

export const useBotPath = (): ((path: string) => string) => {
  const botId = useBotId();
  return (path) => `/bots/${botId}/${path}`;
};
