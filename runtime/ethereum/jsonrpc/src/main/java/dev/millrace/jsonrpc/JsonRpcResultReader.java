package dev.millrace.jsonrpc;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Reads one result from its position; null if the node sent null. */
@FunctionalInterface
public interface JsonRpcResultReader<T> {
  @Nullable T read(JsonStreamReader in) throws IOException;
}
