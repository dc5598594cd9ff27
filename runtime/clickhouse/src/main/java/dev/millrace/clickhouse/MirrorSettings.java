package dev.millrace.clickhouse;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;

/**
 * Which ClickHouse, as whom, and how patient to be.
 *
 * @param url of its HTTP interface: {@code http://host:8123}
 * @param database of this indexer alone
 * @param timeout how long a call may take; a reader of rows, how long it may be sent nothing
 * @param longestQuery how long a reader may take: what it may still need is not deleted
 */
public record MirrorSettings(
    String url,
    String user,
    String password,
    String database,
    Duration timeout,
    Duration longestQuery) {
  private static final Duration USUAL_TIMEOUT = Duration.ofMinutes(5);
  private static final Duration USUAL_QUERY = Duration.ofHours(1);

  /**
   * A lane asks again, safely, what has had no answer. A server on a machine that is busy takes
   * twenty seconds for it.
   */
  private static final Duration LANE_TIMEOUT = Duration.ofSeconds(60);

  public MirrorSettings {
    if (!url.startsWith("http://") && !url.startsWith("https://")) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "clickhouse url must begin with http:// or https://: url=" + withoutSecrets(url));
    }
    if (database.isEmpty()) {
      throw new MillraceException(Remedy.FIX_SETUP, "clickhouse database must have a name");
    }
    if (timeout.toMillis() < 1 || longestQuery.isNegative()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "timeout must be positive: timeout=%s longestQuery=%s".formatted(timeout, longestQuery));
    }
  }

  public static MirrorSettings of(String url, String user, String password, String database) {
    return new MirrorSettings(url, user, password, database, USUAL_TIMEOUT, USUAL_QUERY);
  }

  public MirrorSettings withTimeout(Duration time) {
    return new MirrorSettings(url, user, password, database, time, longestQuery);
  }

  /** For inserts and publications. */
  MirrorSettings ofLane() {
    return timeout.compareTo(LANE_TIMEOUT) > 0 ? withTimeout(LANE_TIMEOUT) : this;
  }

  /** For what takes as long as a reader may. */
  MirrorSettings ofLongQueries() {
    return timeout.compareTo(longestQuery) > 0 ? this : withTimeout(longestQuery);
  }

  public MirrorSettings withLongestQuery(Duration time) {
    return new MirrorSettings(url, user, password, database, timeout, time);
  }

  private static String withoutSecrets(String url) {
    String place = url.contains("@") ? url.replaceFirst("//.*", "//…") : url;
    return place.replaceFirst("\\?.*", "");
  }

  /** Leaves the password out. */
  @Override
  public String toString() {
    return "url=%s user=%s database=%s timeout=%s longestQuery=%s"
        .formatted(withoutSecrets(url), user, database, timeout, longestQuery);
  }
}
