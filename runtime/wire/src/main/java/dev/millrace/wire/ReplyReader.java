package dev.millrace.wire;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Reads one result where it stands; null where a node said null. */
@FunctionalInterface
public interface ReplyReader<T> {
  @Nullable T read(JsonInput in) throws IOException;
}
