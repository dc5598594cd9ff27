package dev.millrace.postgres.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The database, the user and the time limits.
 *
 * @param url {@code jdbc:postgresql://host:port/database}, with the driver's own parameters if any
 * @param lease time that a silent holder keeps its lane, by the database's clock
 * @param patience time to wait for a lane that another process holds
 * @param readers connections for reads of a store; more where it has many lanes
 * @param silence time that a server may leave a request, and every query about it, unanswered
 */
public record DatabaseSettings(
    String url,
    @Nullable String user,
    @Nullable String password,
    Duration lease,
    Duration patience,
    int readers,
    Duration silence) {
  private static final Duration DEFAULT_LEASE = Duration.ofSeconds(10);
  private static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(15);
  private static final int DEFAULT_READERS = 4;

  /** A checkpoint on a slow disk may take a minute; a frozen machine does not come back. */
  private static final Duration DEFAULT_SILENCE = Duration.ofMinutes(5);

  public DatabaseSettings {
    if (!url.startsWith("jdbc:postgresql:")) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "database url must begin with jdbc:postgresql: url=" + withoutSecrets(url));
    }
    DriverUrlOptions.check(url);
    if (lease.toMillis() < 1
        || patience.isNegative()
        || readers < 1
        || silence.compareTo(Duration.ofSeconds(1)) < 0) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "lease and readers must be positive: lease=%s patience=%s readers=%d silence=%s"
              .formatted(lease, patience, readers, silence));
    }
  }

  public static DatabaseSettings of(String url, @Nullable String user, @Nullable String password) {
    return new DatabaseSettings(
        url, user, password, DEFAULT_LEASE, DEFAULT_PATIENCE, DEFAULT_READERS, DEFAULT_SILENCE);
  }

  public DatabaseSettings withLease(Duration time) {
    return new DatabaseSettings(url, user, password, time, patience, readers, silence);
  }

  public DatabaseSettings withPatience(Duration time) {
    return new DatabaseSettings(url, user, password, lease, time, readers, silence);
  }

  public DatabaseSettings withSilence(Duration time) {
    return new DatabaseSettings(url, user, password, lease, patience, readers, time);
  }

  /** Urls of other libraries have user and password before the host, ours may have them after. */
  private static String withoutSecrets(String url) {
    String place = url.contains("@") ? url.replaceFirst("//.*", "//…") : url;
    return place.replaceFirst("\\?.*", "");
  }

  /** Leaves the password out. */
  @Override
  public String toString() {
    return "url=%s user=%s lease=%s patience=%s readers=%d"
        .formatted(withoutSecrets(url), user, lease, patience, readers);
  }
}
