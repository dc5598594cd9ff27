package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The answer to a request. Its beginning is held back, so that a query that fails early still gets
 * the status of its error and one that ends early its whole summary; what is longer goes in chunks.
 */
final class Reply extends OutputStream {
  private final OutputStream out;
  private final boolean bodiless;

  /** Whether the client wants nothing before all of it is known to be right. */
  private final boolean whole;

  private final Map<String, String> headers = new LinkedHashMap<>();
  private final Held held = new Held();
  private int status = 200;
  private boolean keepAlive;
  private boolean begun;

  Reply(OutputStream out, Request request) {
    this.out = out;
    this.keepAlive = request.keepsAlive();
    this.bodiless = request.method().equals("HEAD");
    this.whole = request.isOn("wait_end_of_query");
  }

  void header(String name, String value) {
    headers.put(name, value);
  }

  void removeHeader(String name) {
    headers.remove(name);
  }

  void status(int number) {
    status = number;
  }

  /** Whether the client knows the status, so that only the connection can say more. */
  boolean hasBegun() {
    return begun;
  }

  /** Takes back what is still held. */
  void clear() throws IOException {
    held.clear();
  }

  void closeAfterwards() {
    keepAlive = false;
  }

  boolean keepsAlive() {
    return keepAlive;
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value});
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (!begun && (whole || held.hasRoomFor(length))) {
      held.write(bytes, offset, length);
      return;
    }
    if (!begun) {
      headers.put("Transfer-Encoding", "chunked");
      begin();
      held.writeTo(new Chunks());
      held.clear();
    }
    chunk(bytes, offset, length);
  }

  private final class Chunks extends OutputStream {
    @Override
    public void write(int value) throws IOException {
      chunk(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      chunk(bytes, offset, length);
    }
  }

  private void begin() throws IOException {
    begun = true;
    headers.put("Connection", keepAlive ? "Keep-Alive" : "Close");
    if (keepAlive) {
      headers.put("Keep-Alive", "timeout=" + HttpServer.PATIENCE.toSeconds());
    }
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " " + reason() + "\r\n");
    headers.forEach((name, value) ->
        // What a client has said of itself must not become a header of its own.
        head.append(name).append(": ").append(value.replaceAll("[\\r\\n]", " ")).append("\r\n"));
    out.write(head.append("\r\n").toString().getBytes(UTF_8));
  }

  private String reason() {
    return status == 200 ? "OK" : status < 500 ? "Refused" : "Failed";
  }

  private void chunk(byte[] bytes, int offset, int length) throws IOException {
    if (length > 0 && !bodiless) {
      out.write((Integer.toHexString(length) + "\r\n").getBytes(UTF_8));
      out.write(bytes, offset, length);
      out.write("\r\n".getBytes(UTF_8));
    }
  }

  void end() throws IOException {
    boolean inChunks = begun;
    if (!begun) {
      headers.put("Content-Length", Long.toString(held.size()));
      begin();
    }
    if (inChunks && !bodiless) {
      out.write("0\r\n\r\n".getBytes(UTF_8));
    } else if (!bodiless) {
      held.writeTo(out);
    }
    out.flush();
  }

  /** Whatever was not sent is dropped. */
  @Override
  public void close() throws IOException {
    held.close();
  }

  /** What was begun ends without an end, which no client takes for a whole result. */
  void breakOff() throws IOException {
    keepAlive = false;
    out.flush();
  }
}
