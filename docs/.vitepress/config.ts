import { defineConfig } from 'vitepress';

const page = (text: string, link: string) => ({ text, link: `/${link}` });

/** The site: `npm run docs:build` puts it into docs/.vitepress/dist, to be served from anywhere. */
export default defineConfig({
  title: 'Beckon',
  description: 'Proactive notifications: one call, every channel, and the truth about every recipient.',
  cleanUrls: true,
  // Files of the repository that pages point at are no pages.
  ignoreDeadLinks: [/^(\.\/)?(\.\.\/)+(deploy|README|ARCHITECTURE|src|test)/],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: [
      {
        text: 'Begin',
        items: [
          page('Quickstart', 'quickstart'),
          page('The console', 'console'),
          page('From Kore.ai', 'from-kore'),
          page('From Company Communicator', 'from-company-communicator'),
        ],
      },
      {
        text: 'Channels',
        items: [
          page('All channels', 'channels'),
          page('Microsoft Teams', 'channels/msteams'),
          page('Slack', 'channels/slack'),
          page('Google Chat', 'channels/hangoutchat'),
          page('WhatsApp', 'channels/whatsapp'),
          page('SMS', 'channels/sms'),
          page('E-mail', 'channels/email'),
          page('Browsers', 'channels/webpush'),
          page('Webhooks', 'channels/ivr'),
        ],
      },
      {
        text: 'Send',
        items: [
          page('Audiences', 'audiences'),
          page('Templates', 'templates'),
          page('Timing', 'timing'),
          page('Preferences', 'preferences'),
          page('Scripts', 'scripts'),
          page('Progress', 'events'),
          page('Reasons', 'reasons'),
          page('Problems', 'problems'),
          page('curl for Kore.ai’s routes', 'curl-kore'),
        ],
      },
      {
        text: 'Run',
        items: [
          page('Deployment', 'deployment'),
          page('Operations', 'operations'),
          page('Monitoring', 'monitoring'),
          page('Security', 'security'),
          page('Sign-in', 'sign-in'),
          page('Privacy', 'privacy'),
          page('Performance', 'performance'),
          page('What was broken', 'faults'),
        ],
      },
    ],
  },
});
