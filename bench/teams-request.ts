export const teamsPath = (conversationId: string): string =>
  `/teams/v3/conversations/${encodeURIComponent(conversationId)}/activities`;

/** The bytes Beckon's Teams channel sends for a text. */
export function teamsActivity(appId: string, conversationId: string, text: string): string {
  return JSON.stringify({
    type: 'message',
    text,
    textFormat: 'plain',
    channelData: { notification: { alert: true } },
    from: { id: `28:${appId}` },
    conversation: { id: conversationId },
  });
}
