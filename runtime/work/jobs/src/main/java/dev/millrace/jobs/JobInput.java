package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;

/** Inputs of jobs that come as JSON from outside the program. */
public final class JobInput {
  private JobInput() {}

  /**
   * Reads the input of a job.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if it does not fit, naming the path and
   *     the expected shape
   */
  public static <I> I parse(Job<I, ?> job, String json) {
    try {
      return JobJson.decode(json, job.inputType(), "input of job " + job.name());
    } catch (MillraceException wrong) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "%s; expected %s".formatted(wrong.getMessage(), shape(job)), wrong);
    }
  }

  /** Describes the input of a job by an example whose values are the names of their types. */
  public static String shape(Job<?, ?> job) {
    Class<?> type = job.inputType();
    if (type == Void.class) {
      return "null";
    }
    if (!type.isRecord()) {
      return word(type);
    }
    List<String> fields = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      fields.add("\"%s\": %s".formatted(component.getName(), word(component.getType())));
    }
    return "{" + String.join(", ", fields) + "}";
  }

  private static String word(Class<?> type) {
    if (type.isEnum()) {
      List<String> constants = new ArrayList<>();
      for (Object constant : type.getEnumConstants()) {
        constants.add("\"" + constant + "\"");
      }
      return String.join("|", constants);
    }
    return type.getSimpleName();
  }
}
