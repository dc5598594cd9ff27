package dev.millrace.loaders;

import java.util.List;

/** The id of a row whose key has several components, in their order. */
public record CompositeId(List<Object> parts) {
  public CompositeId {
    parts = List.copyOf(parts);
  }

  @Override
  public String toString() {
    return parts.toString();
  }
}
