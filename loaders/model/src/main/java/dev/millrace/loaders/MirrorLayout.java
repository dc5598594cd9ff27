package dev.millrace.loaders;

import java.util.List;

/**
 * The layout of an entity in ClickHouse.
 *
 * @param order columns before the id by which rows are sorted
 * @param partition an expression; empty for none
 * @param ttl an expression; empty for none
 */
public record MirrorLayout(
    Versions versions, List<EntityColumn> order, String partition, String ttl) {
  public MirrorLayout {
    order = List.copyOf(order);
  }
}
