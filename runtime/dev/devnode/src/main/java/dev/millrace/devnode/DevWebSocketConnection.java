package dev.millrace.devnode;

import static dev.millrace.devnode.JsonByteWriter.ascii;

import dev.millrace.devchain.DevChainRandom;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket: requests and answers as text, with the notifications of its subscriptions in
 * between.
 */
final class DevWebSocketConnection {
  private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final int CONTINUATION = 0;
  private static final int TEXT = 1;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;
  private static final int LAST = 0x80;
  private static final long MAX_BYTES = 16L * 1024 * 1024;

  private final DevNode node;
  private final DataInputStream in;
  private final OutputStream out;
  private final ReentrantLock writing = new ReentrantLock();

  DevWebSocketConnection(DevNode node, InputStream in, OutputStream out) {
    this.node = node;
    this.in = new DataInputStream(in);
    this.out = out;
  }

  void run(String key) throws IOException, InterruptedException {
    out.write(
        ascii(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: "
                + accept(key)
                + "\r\n\r\n"));
    JsonByteWriter json = new JsonByteWriter(OutputStream.nullOutputStream());
    DevNodeMethods methods = new DevNodeMethods(node.chain(), node.faults(), json);
    try (NodeSubscriptions subscriptions = new NodeSubscriptions(node, this::send)) {
      JsonRpcExchange exchange =
          new JsonRpcExchange(methods, json, node::count).with(subscriptions);
      byte[] request = text();
      while (request != null && reply(exchange, json, request)) {
        request = text();
      }
    }
  }

  private static String accept(String key) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-1").digest(ascii(key + MAGIC));
      return Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JVM knows SHA-1", impossible);
    }
  }

  /** Answers a request; false if the connection has to break. */
  private boolean reply(JsonRpcExchange exchange, JsonByteWriter json, byte[] request)
      throws IOException, InterruptedException {
    NodeFaults faults = node.faults();
    node.pause(faults.latency());
    json.begin(true);
    NodeFault fault = null;
    try {
      Object parsed = JsonTreeReader.read(request);
      fault = faults.nextFault();
      if (fault == null) {
        fault = faults.rate().take(JsonRpcExchange.count(parsed), System.nanoTime());
      }
      // There is no HTTP status here, so a limit is reported as an error.
      boolean limited = fault == NodeFault.TOO_MANY_REQUESTS || fault == NodeFault.UNAVAILABLE;
      exchange.answer(parsed, limited ? NodeFault.LIMIT_EXCEEDED : fault);
    } catch (IllegalArgumentException _) {
      json.begin(true);
      exchange.refuseText();
    }
    byte[] answer = json.heldBack();
    return switch (fault) {
      case DISCONNECT -> false;
      case SILENCE -> true;
      case TRUNCATED -> {
        send(java.util.Arrays.copyOf(answer, answer.length / 2));
        yield true;
      }
      case HTML -> {
        send("<html></html>".getBytes(StandardCharsets.UTF_8));
        yield true;
      }
      case null, default -> {
        send(answer);
        yield true;
      }
    };
  }

  void send(byte[] text) throws IOException {
    frame(TEXT, text);
  }

  private void frame(int kind, byte[] payload) throws IOException {
    byte[] head =
        payload.length < 126
            ? new byte[] {(byte) (LAST | kind), (byte) payload.length}
            : payload.length < 1 << 16
                ? new byte[] {
                  (byte) (LAST | kind), 126, (byte) (payload.length >> 8), (byte) payload.length
                }
                : longHead(kind, payload.length);
    byte[] whole = new byte[head.length + payload.length];
    System.arraycopy(head, 0, whole, 0, head.length);
    System.arraycopy(payload, 0, whole, head.length, payload.length);
    writing.lock();
    try {
      out.write(whole);
    } finally {
      writing.unlock();
    }
  }

  private static byte[] longHead(int kind, int length) {
    byte[] head = new byte[10];
    head[0] = (byte) (LAST | kind);
    head[1] = 127;
    DevChainRandom.write(head, 2, length);
    return head;
  }

  /** Reads the next text, put together from its frames; null when the client closes. */
  private byte @Nullable [] text() throws IOException {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    while (true) {
      int first;
      try {
        first = in.readUnsignedByte();
      } catch (EOFException _) {
        return null;
      }
      byte[] payload = payload();
      switch (first & 15) {
        case CLOSE -> {
          frame(CLOSE, payload);
          return null;
        }
        case PING -> frame(PONG, payload);
        case TEXT, CONTINUATION -> {
          whole.write(payload);
          if ((first & LAST) != 0) {
            return whole.toByteArray();
          }
        }
        default -> {
          // A pong, or an opcode that this side does not use.
        }
      }
    }
  }

  private byte[] payload() throws IOException {
    int second = in.readUnsignedByte();
    long length = second & 127;
    if (length == 126) {
      length = in.readUnsignedShort();
    } else if (length == 127) {
      length = in.readLong();
    }
    if (length < 0 || length > MAX_BYTES) {
      throw new IOException("frame is too long: bytes=" + length);
    }
    byte[] mask = new byte[4];
    if ((second & 128) != 0) {
      in.readFully(mask);
    }
    byte[] payload = new byte[(int) length];
    in.readFully(payload);
    for (int at = 0; at < payload.length; at++) {
      payload[at] ^= mask[at & 3];
    }
    return payload;
  }
}
