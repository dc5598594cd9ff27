package dev.millrace.app;

import java.util.List;
import java.util.SortedMap;

/**
 * What both stores hold of an indexer, entity by entity and chain by chain, at one moment of
 * PostgreSQL.
 *
 * @param leftOut entities that cannot be compared, and why
 */
public record Verification(List<Compared> compared, List<LeftOut> leftOut) {
  public Verification {
    compared = List.copyOf(compared);
    leftOut = List.copyOf(leftOut);
  }

  /** Whether nothing that was compared differs. */
  public boolean isEqual() {
    return compared.stream().allMatch(Compared::isEqual);
  }

  /** One entity in one chain. */
  public record Compared(
      String entity,
      String chain,
      long checkpoint,
      Side postgres,
      Side clickhouse,
      Differences found) {
    public boolean isEqual() {
      return postgres.equals(clickhouse);
    }

    public List<Difference> differences() {
      return found.named();
    }
  }

  /**
   * Rows that are not the same in both.
   *
   * @param named the first of them in the order of ids, as far as was looked
   * @param isSample whether some were not looked at, so that there may be earlier ones
   */
  public record Differences(List<Difference> named, boolean isSample) {
    static final Differences NONE = new Differences(List.of(), false);

    public Differences {
      named = List.copyOf(named);
    }
  }

  /**
   * What one store holds.
   *
   * @param sums of numeric columns, by the names of their components
   * @param hash of all rows, whatever their order
   */
  public record Side(long rows, SortedMap<String, String> sums, String hash) {}

  /** A row that is not the same in both; of each store the values in which it differs. */
  public record Difference(String id, String postgres, String clickhouse) {}

  public record LeftOut(String entity, String why) {}
}
