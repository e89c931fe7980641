import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

/** Runs in the namespace: one byte tells whether the connection stands (else the reason follows), then bytes both ways. */
const program = `
const socket = require('node:net').connect({ port: Number(process.argv[1]), host: '127.0.0.1', allowHalfOpen: true });
let stands = false;
socket.once('connect', () => { stands = true; process.stdout.write('+'); process.stdin.pipe(socket); socket.pipe(process.stdout); });
socket.on('error', (error) => { if (!stands) process.stdout.write('-' + error.message); socket.destroy(); process.exitCode = 1; });
socket.once('close', () => process.exit());
`;
const reasonBytesMax = 1024;

/**
 * A connection to 127.0.0.1 inside the network namespace of process `pid`, where what listens on the loopback only is
 * reached too. Rejects with the reason when nothing listens.
 */
export async function dialInside(pid: number, port: number): Promise<Duplex> {
  const child = spawn(
    'nsenter',
    [`--net=/proc/${pid}/ns/net`, '--', process.execPath, '-e', program, '--', String(port)],
    { stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
  );
  child.stdin.on('error', () => undefined);
  const first = await new Promise<Buffer>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      resolve(Buffer.alloc(0));
    });
    child.stdout.once('readable', () => {
      const bytes = child.stdout.read(1) as Buffer | null;
      if (bytes !== null) resolve(bytes);
    });
  });
  if (first.toString() === '+') {
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
    stream.once('close', () => child.kill('SIGKILL'));
    return stream;
  }
  const rest = child.stdout.read() as Buffer | null;
  child.kill('SIGKILL');
  const reason =
    rest === null ? 'the network namespace is gone' : rest.subarray(0, reasonBytesMax).toString();
  throw new Error(reason);
}
