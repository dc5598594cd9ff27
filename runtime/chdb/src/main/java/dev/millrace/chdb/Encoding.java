package dev.millrace.chdb;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** How the bytes of an answer are wrapped on their way to a client that asks for it. */
enum Encoding {
  PLAIN,
  GZIP,
  BLOCKS;

  static Encoding of(Request request) {
    if (request.isOn("compress")) {
      return BLOCKS;
    }
    boolean accepted =
        request.header("accept-encoding").orElse("").toLowerCase(Locale.ROOT).contains("gzip");
    return accepted && request.isOn("enable_http_compression") ? GZIP : PLAIN;
  }

  OutputStream wrap(Reply reply) throws IOException {
    return switch (this) {
      case PLAIN -> reply;
      case GZIP -> {
        reply.header("Content-Encoding", "gzip");
        yield new GZIPOutputStream(reply, 1 << 15, true);
      }
      case BLOCKS -> new BlockOutput(reply);
    };
  }

  /** Writes what a wrapper still holds. */
  static void finish(OutputStream stream) throws IOException {
    if (stream instanceof GZIPOutputStream gzip) {
      gzip.finish();
    }
    stream.flush();
  }

  /** The body as the client meant it. */
  static InputStream unwrap(Request request) throws IOException {
    InputStream body = request.body();
    if (request.isOn("decompress")) {
      body = new BlockInput(body);
    }
    String encoding = request.header("content-encoding").orElse("");
    return switch (encoding.toLowerCase(Locale.ROOT)) {
      case "", "identity" -> body;
      case "gzip" -> new GZIPInputStream(body, 1 << 15);
      default ->
          throw ChdbException.of(
              ErrorCode.NOT_IMPLEMENTED,
              "Content-Encoding of a request must be gzip, or decompress=1 be asked for: encoding="
                  + encoding);
    };
  }
}
