package dev.millrace.jsonrpc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket connection: any thread sends messages, one thread receives. Answers pings and joins
 * fragments.
 */
final class WebSocketConnection {
  private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final int HEAD_LIMIT = 64 << 10;
  private static final int MAX_CONTROL = 125;
  private static final int TEXT = 1;
  private static final int CLOSE = 8;
  private static final int PING = 9;
  private static final int PONG = 10;

  private final DeadlineSocket socket;
  private final HttpConnectionInput in;
  private final long replyLimit;
  private final long patience;
  private final ReentrantLock writing = new ReentrantLock();

  private WebSocketConnection(DeadlineSocket socket, TransportSettings settings)
      throws IOException {
    this.socket = socket;
    replyLimit = settings.replyLimit();
    patience = settings.patienceNanos();
    in = new HttpConnectionInput(socket, Long.MAX_VALUE); // messages have a limit of their own
  }

  static WebSocketConnection open(EndpointUrl target, TransportSettings settings)
      throws IOException {
    WebSocketConnection link =
        new WebSocketConnection(SocketConnector.open(target, settings), settings);
    try {
      link.in.beginReply(link.patience);
      link.shakeHands(target);
      link.in.endReply(); // each call on it has its own deadline
      return link;
    } catch (IOException failed) {
      link.close();
      throw failed;
    }
  }

  private void shakeHands(EndpointUrl target) throws IOException {
    byte[] nonce = new byte[16];
    ThreadLocalRandom.current().nextBytes(nonce);
    String key = Base64.getEncoder().encodeToString(nonce);
    String request =
        "GET %s HTTP/1.1\r\n".formatted(target.path())
            + target.headers()
            + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: "
            + key
            + "\r\n\r\n";
    byte[] bytes = request.getBytes(StandardCharsets.ISO_8859_1);
    socket.write(bytes, bytes.length);
    in.beginHead(HEAD_LIMIT);
    String status = in.headLine();
    boolean accepted = false;
    for (String line = in.headLine(); !line.isEmpty(); line = in.headLine()) {
      accepted |=
          line.regionMatches(true, 0, "sec-websocket-accept:", 0, 21)
              && line.substring(21).strip().equals(answer(key));
    }
    if (!status.startsWith("HTTP/1.1 101") || !accepted) {
      throw RpcCallException.of(
          RpcCallException.Kind.NONSENSE, "node speaks no WebSocket: status=" + status);
    }
  }

  private static String answer(String key) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-1")
              .digest((key + MAGIC).getBytes(StandardCharsets.US_ASCII));
      return Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException(missing);
    }
  }

  void send(byte[] text) throws IOException {
    frame(TEXT, text, text.length);
  }

  void ping() throws IOException {
    frame(PING, new byte[0], 0);
  }

  private void frame(int kind, byte[] payload, int length) throws IOException {
    GrowableBytes frame = new GrowableBytes(length + 14);
    frame.bytes[0] = (byte) (0x80 | kind);
    int at = 2;
    if (length < 126) {
      frame.bytes[1] = (byte) (0x80 | length);
    } else {
      int bytes = length <= 0xffff ? 2 : 8;
      frame.bytes[1] = (byte) (0x80 | (bytes == 2 ? 126 : 127));
      for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        frame.bytes[at++] = (byte) ((long) length >>> shift);
      }
    }
    byte[] mask = new byte[4];
    ThreadLocalRandom.current().nextBytes(mask);
    System.arraycopy(mask, 0, frame.bytes, at, 4);
    at += 4;
    for (int i = 0; i < length; i++) {
      frame.bytes[at + i] = (byte) (payload[i] ^ mask[i & 3]);
    }
    writing.lock();
    try {
      socket.begin(patience); // all writers, and answers to pings, wait for this one
      socket.write(frame.bytes, at + length);
    } finally {
      socket.end();
      writing.unlock();
    }
  }

  /** Waits for a message; null if the other side has closed the connection in order. */
  byte @Nullable [] receive() throws IOException {
    GrowableBytes message = new GrowableBytes(4096);
    while (true) {
      int first = one();
      int kind = first & 0xf;
      long length = length();
      if (kind >= CLOSE) {
        if (length > MAX_CONTROL) {
          throw RpcCallException.of(
              RpcCallException.Kind.NONSENSE, "control frame is too long: bytes=" + length);
        }
        GrowableBytes control = new GrowableBytes(128);
        read(control, (int) length);
        if (kind == CLOSE) {
          return null;
        }
        if (kind == PING) {
          frame(PONG, control.bytes, control.length);
        }
        continue;
      }
      if (length > replyLimit - message.length || length > Integer.MAX_VALUE - 16) {
        throw RpcCallException.of(
            RpcCallException.Kind.TOO_LARGE, "reply is larger than we read: limit=" + replyLimit);
      }
      read(message, (int) length);
      if ((first & 0x80) != 0) {
        return message.copy();
      }
    }
  }

  private long length() throws IOException {
    int second = one();
    if ((second & 0x80) != 0) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "frame of a node is masked");
    }
    int length = second & 0x7f;
    if (length < 126) {
      return length;
    }
    long value = 0;
    for (int i = 0; i < (length == 126 ? 2 : 8); i++) {
      value = (value << 8) | one();
    }
    if (value < 0) {
      throw RpcCallException.of(RpcCallException.Kind.NONSENSE, "frame is too long");
    }
    return value;
  }

  private int one() throws IOException {
    byte[] one = new byte[1];
    if (in.read(one, 0, 1) < 1) {
      throw RpcCallException.of(RpcCallException.Kind.TORN, "connection ended");
    }
    return one[0] & 0xff;
  }

  private void read(GrowableBytes target, int count) throws IOException {
    target.ensure(count);
    int left = count;
    while (left > 0) {
      int read = in.read(target.bytes, target.length, left);
      if (read < 0) {
        throw RpcCallException.of(RpcCallException.Kind.TORN, "connection ended within a message");
      }
      target.length += read;
      left -= read;
    }
  }

  void close() {
    socket.close();
  }
}
