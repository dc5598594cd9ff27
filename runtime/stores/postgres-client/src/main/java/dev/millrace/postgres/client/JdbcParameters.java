package dev.millrace.postgres.client;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.ZoneOffset;

/** Converts single values to types that the driver accepts. */
public final class JdbcParameters {
  private JdbcParameters() {}

  public static Object of(Object value) {
    return switch (value) {
      case EventId id -> id.value();
      case Instant instant -> instant.atOffset(ZoneOffset.UTC);
      case BigInteger integer -> new BigDecimal(integer);
      case Address address -> address.bytes();
      case Bytes32 word -> word.bytes();
      case Bytes bytes -> bytes.bytes();
      case Enum<?> constant -> constant.name();
      case Json json -> json.text();
      case Object other -> other;
    };
  }
}
