/**
 * The program that holds a pod's namespaces, as a static ELF file made here, byte by byte, so that no registry is needed.
 * As process 1 it would ignore SIGTERM without a handler; where the pod shares its process namespace it inherits orphans, and an
 * ignored SIGCHLD lets the kernel reap them. In C:
 *
 *     sigaction(SIGTERM, exit); sigaction(SIGINT, exit); sigaction(SIGCHLD, SIG_IGN); for (;;) pause();
 */
export function pauseProgram(architecture: 'amd64' | 'arm64'): Buffer {
  const code = architecture === 'amd64' ? amd64Code() : arm64Code();
  return Buffer.concat([elfHeader(architecture, headerBytes + code.length), code]);
}

/** Where the kernel maps the file; the code starts behind the headers. */
const base = 0x400000;
const headerBytes = 64 + 56;
const start = base + headerBytes;

function elfHeader(architecture: 'amd64' | 'arm64', fileBytes: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.write('\x7fELF', 0, 'latin1');
  header.set([2, 1, 1], 4); // 64 bits, little endian, version 1
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(architecture === 'amd64' ? 62 : 183, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(start), 24); // entry
  header.writeBigUInt64LE(64n, 32); // program headers follow at once
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // PT_LOAD
  header.writeUInt32LE(5, 68); // readable, executable
  header.writeBigUInt64LE(0n, 72);
  header.writeBigUInt64LE(BigInt(base), 80);
  header.writeBigUInt64LE(BigInt(base), 88);
  header.writeBigUInt64LE(BigInt(fileBytes), 96);
  header.writeBigUInt64LE(BigInt(fileBytes), 104);
  header.writeBigUInt64LE(0x10000n, 112); // alignment: the largest page of arm64
  return header;
}

/** The kernel's struct sigaction: handler, flags, restorer, mask; eight bytes each. */
function sigaction(handler: number, flags: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeBigUInt64LE(BigInt(handler), 0);
  bytes.writeBigUInt64LE(BigInt(flags), 8);
  bytes.writeBigUInt64LE(BigInt(handler), 16);
  return bytes;
}

const ignore = 1;
/** The kernel of amd64 delivers no signal without a restorer, even to a handler that never returns. */
const restorerFlag = 0x04000000;

/** mov eax, call; syscall. */
function amd64Call(call: number): number[] {
  return [0xb8, ...le32(call), 0x0f, 0x05];
}

/** mov edi, signal; rt_sigaction. The action's address is in rsi; the kernel keeps rsi, rdx and r10. */
function amd64Signal(signal: number): number[] {
  return [0xbf, ...le32(signal), ...amd64Call(13)];
}

function amd64Code(): Buffer {
  function assemble(exitAction: number, ignoreAction: number): { text: number[]; handler: number } {
    const setup = [
      ...[0xbe, ...le32(exitAction)], // mov esi, exitAction
      ...[0x31, 0xd2], // xor edx, edx
      ...[0x41, 0xba, ...le32(8)], // mov r10d, 8: bytes of a signal set
      ...amd64Signal(15),
      ...amd64Signal(2),
      ...[0xbe, ...le32(ignoreAction)],
      ...amd64Signal(17),
    ];
    const wait = [...amd64Call(34), 0xeb, 0xf7]; // pause; jump back over itself: 9 bytes
    return { text: [...setup, ...wait, 0x31, 0xff, ...amd64Call(231)], handler: setup.length + wait.length };
  }
  const { text, handler } = assemble(0, 0);
  const tables = aligned(start + text.length);
  const code = Buffer.alloc(tables - start);
  code.set(assemble(tables, tables + 32).text);
  return Buffer.concat([code, sigaction(start + handler, restorerFlag), sigaction(ignore, 0)]);
}

/** movz x<register>, value */
function movz(register: number, value: number): number {
  return 0xd2800000 + value * 32 + register;
}

/** adr x<register>, <offset> bytes from here */
function adr(register: number, offset: number): number {
  return 0x10000000 + (offset & 3) * 0x20000000 + (offset >> 2) * 32 + register;
}

const supervisorCall = 0xd4000001;

function arm64Code(): Buffer {
  function assemble(exitAction: number, ignoreAction: number): number[] {
    return [
      movz(0, 15),
      adr(1, exitAction - 4),
      movz(2, 0),
      movz(3, 8),
      movz(8, 134), // rt_sigaction
      supervisorCall,
      movz(0, 2),
      supervisorCall,
      movz(0, 17),
      adr(1, ignoreAction - 36),
      supervisorCall,
      ...[movz(0, 0), movz(1, 0), movz(2, 0), movz(3, 0), movz(8, 73), supervisorCall], // ppoll: there is no pause
      0x17fffffa, // branch six instructions back
      ...[movz(0, 0), movz(8, 94), supervisorCall], // handler: exit_group
    ];
  }
  const count = assemble(0, 0).length;
  const tables = aligned(start + count * 4) - start;
  const code = Buffer.alloc(tables);
  assemble(tables, tables + 32).forEach((word, index) => code.writeUInt32LE(word, index * 4));
  return Buffer.concat([code, sigaction(start + (count - 3) * 4, 0), sigaction(ignore, 0)]);
}

function aligned(address: number): number {
  return Math.ceil(address / 8) * 8;
}

function le32(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
}
