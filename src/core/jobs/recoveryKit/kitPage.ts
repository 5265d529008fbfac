import type { Secret } from '../../../base/secret.ts';
import { qrModules } from './qrCode.ts';

const quietModules = 4;

export interface KitContent {
  readonly repositoryId: string;
  readonly location: string;
  /** Opens the repository; the page is the only place that has it. */
  readonly password: Secret;
  readonly keyId: string;
  readonly madeAt: Date;
}

/** The recovery kit: one page to be printed, which needs nothing but itself. */
export function kitPage({ repositoryId, location, password, keyId, madeAt }: KitContent): string {
  const text = password.reveal();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Recovery kit of a backup repository</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
  body { font: 12pt/1.5 serif; max-width: 17cm; margin: 2cm auto; color: #000; background: #fff; }
  code { font: 13pt/1.8 monospace; overflow-wrap: anywhere; }
  .password { font-size: 15pt; border: 1pt solid #000; padding: 4mm; display: block; }
  svg { width: 5.5cm; height: 5.5cm; }
</style>
</head>
<body>
<h1>Recovery kit</h1>
<p>With this page and the repository everything in it can be restored, also if this computer, its configuration and all other
passwords are lost. Print it, keep it where the backups are not, and delete the file.</p>
<p>Repository <code>${escaped(repositoryId)}</code><br>
at <code>${escaped(location)}</code><br>
made ${escaped(madeAt.toISOString())}, key <code>${escaped(keyId.slice(0, 10))}</code></p>
<h2>Password</h2>
<code class="password">${escaped(text)}</code>
<p>The same as a QR code:</p>
${qrSvg(text)}
<h2>How to restore</h2>
<p>With Quiesce: <code>quiesce repo open NAME --location LOCATION --password-file FILE</code>. Without it, restic and the password
above are enough:</p>
<p><code>restic -r LOCATION snapshots --tag quiesce<br>
restic -r LOCATION restore ID --target T</code></p>
<p>The file README-RESTORE.txt in each restore point says how its disks are put together.</p>
<h2>If it gets into wrong hands</h2>
<p><code>quiesce repo key remove ${escaped(keyId.slice(0, 10))}</code> makes it useless for whoever has no copy of the key file.</p>
</body>
</html>
`;
}

/** With the quiet zone that readers need around it. */
function qrSvg(text: string): string {
  const rows = qrModules(text);
  const side = rows.length + 2 * quietModules;
  const dark = rows.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x + quietModules} ${y + quietModules}h1v1h-1z`] : [])),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${dark.join('')}"/></svg>`;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, letter => entities[letter] ?? letter);
}
