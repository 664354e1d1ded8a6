import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './design/radix.css';
import 'uplot/dist/uPlot.min.css';
import './design/theme.css';
import './design/sheet.css';
import './design/states.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { watchOpeners } from './parts/opener.ts';
import { signStyles } from './parts/style-nonce.ts';
import { denyMarkup } from './parts/trusted-html.ts';

denyMarkup();
signStyles(document);
watchOpeners(document);

const root = document.querySelector('#root');
if (root === null) throw new Error('the page has no #root');
createRoot(root).render(<App />);
