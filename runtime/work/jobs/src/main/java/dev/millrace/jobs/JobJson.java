package dev.millrace.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Inputs, outputs and results of steps as JSON that PostgreSQL's {@code jsonb} keeps. */
final class JobJson {
  /** The most bytes of an output of a step or a run, and of an input. */
  static final int MAX_BYTES = 1 << 20;

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
          .disable(DeserializationFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private JobJson() {}

  static ObjectMapper mapper() {
    return MAPPER;
  }

  /**
   * Encodes a value.
   *
   * @param what names it in a refusal, as in {@code output of step load}
   * @throws MillraceException with remedy {@code FIX_HANDLER} if it cannot be stored
   */
  static String encode(@Nullable Object value, String what) {
    String text;
    try {
      text = MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException wrong) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "%s cannot be stored: path=%s reason=\"%s\""
              .formatted(what, path(wrong), wrong.getOriginalMessage()),
          wrong);
    }
    int bytes = text.length() <= MAX_BYTES / 3 ? 0 : text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_BYTES) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "%s is too large: bytes=%d most=%d; store it elsewhere and return a reference"
              .formatted(what, bytes, MAX_BYTES));
    }
    if (text.contains("\\u0000")) {
      refuseNul(text, what);
    }
    return text;
  }

  /** PostgreSQL's {@code jsonb} holds no character of code zero. */
  private static void refuseNul(String text, String what) {
    for (int at = text.indexOf("\\u0000"); at >= 0; at = text.indexOf("\\u0000", at + 1)) {
      int slashes = 0;
      while (at - 1 - slashes >= 0 && text.charAt(at - 1 - slashes) == '\\') {
        slashes++;
      }
      if (slashes % 2 == 0) {
        throw new MillraceException(
            Remedy.FIX_HANDLER,
            "%s cannot be stored: a text has a character of code zero".formatted(what));
      }
    }
  }

  /**
   * Decodes a value.
   *
   * @throws MillraceException with remedy {@code FIX_HANDLER}, which names the path that does not
   *     fit
   */
  @SuppressWarnings("NullAway") // a Void is null
  static <T> T decode(String json, Class<T> type, String what) {
    Object value = decode(json, MAPPER.constructType(type), what);
    if (value == null && type != Void.class) {
      throw refused(what, "$", "it is null", null);
    }
    return type.cast(value);
  }

  static @Nullable Object decode(String json, JavaType type, String what) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException wrong) {
      String reason = wrong.getOriginalMessage().lines().findFirst().orElse("");
      throw refused(what, path(wrong), reason, wrong);
    }
  }

  static JsonNode tree(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException wrong) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "text is no JSON: reason=\"%s\"".formatted(wrong.getOriginalMessage()),
          wrong);
    }
  }

  private static MillraceException refused(
      String what, String path, String reason, @Nullable Throwable cause) {
    return new MillraceException(
        Remedy.FIX_HANDLER,
        "%s does not fit: path=%s reason=\"%s\"".formatted(what, path, reason),
        cause);
  }

  private static String path(JsonProcessingException wrong) {
    if (!(wrong instanceof JsonMappingException mapping) || mapping.getPath().isEmpty()) {
      return "$";
    }
    return "$"
        + mapping.getPath().stream()
            .map(part ->
                part.getFieldName() == null
                    ? "[" + part.getIndex() + "]"
                    : "." + part.getFieldName())
            .collect(Collectors.joining());
  }
}
