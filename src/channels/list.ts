// Every channel there is. A new one is a file beside this one and a line here.
export { email } from './email/email.ts';
export { hangoutchat } from './hangoutchat/hangoutchat.ts';
export { ivr } from './ivr.ts';
export { msteams } from './msteams/msteams.ts';
export { slack } from './slack/slack.ts';
export { sms } from './sms/sms.ts';
export { webpush } from './webpush/webpush.ts';
export { whatsapp } from './whatsapp/whatsapp.ts';
