package dev.millrace.chdb;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Those who are connected. A socket has a limit of time for reading but none for writing, so who
 * stops reading would keep a query, its memory and its place for ever.
 */
final class Clients {
  private final LongSupplier nanos;
  private final Map<Socket, Sending> connected = new ConcurrentHashMap<>();

  Clients(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** What is written to a client, from now on watched. */
  OutputStream join(Socket client) throws IOException {
    Sending sending = new Sending(client.getOutputStream());
    connected.put(client, sending);
    return new BufferedOutputStream(sending, 1 << 16);
  }

  void leave(Socket client) {
    connected.remove(client);
  }

  /** Closes the connections of those who have not taken a byte for so long. */
  void closeStalled(Duration longest) {
    long now = nanos.getAsLong();
    connected.forEach((client, sending) -> {
      if (sending.isStalled(now, longest)) {
        close(client);
      }
    });
  }

  void closeAll() {
    connected.keySet().forEach(Clients::close);
  }

  private static void close(Socket client) {
    try {
      client.close();
    } catch (IOException _) {
      // It is gone already.
    }
  }

  private final class Sending extends OutputStream {
    private static final int AT_ONCE = 1 << 16;

    private final OutputStream out;
    // Written by the thread of the client, read by whoever watches.
    private volatile boolean writing;
    private volatile long since;

    Sending(OutputStream out) {
      this.out = out;
    }

    boolean isStalled(long now, Duration longest) {
      return writing && now - since > longest.toNanos();
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    /** In pieces, so that a slow reader of much is not taken for one that has stopped. */
    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      for (int done = 0; done < length; done += AT_ONCE) {
        since = nanos.getAsLong();
        writing = true;
        try {
          out.write(bytes, offset + done, Math.min(AT_ONCE, length - done));
        } finally {
          writing = false;
        }
      }
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }
  }
}
