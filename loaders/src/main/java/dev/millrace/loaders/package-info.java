/** What handlers read and write: entities, column types, the staged store and its loads. */
@NullMarked
package dev.millrace.loaders;

import org.jspecify.annotations.NullMarked;
