/**
 * The processor as a device, on oneDNN. Depends on {@code device}, {@code tensor} and the JavaCPP dnnl preset.
 *
 * <p>An executable is made in three passes: lowerings emit steps (oneDNN primitives and a few Java calls) on operands whose
 * places are slots of an arena; the arena plan gives slots that never live at the same time the same memory; binding fills
 * in the addresses.
 */
@NullMarked
package org.sandglass.ops.device.cpu;

import org.jspecify.annotations.NullMarked;
