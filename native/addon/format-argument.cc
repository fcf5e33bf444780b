/* See the header. */
#include "format-argument.h"

#include <string>

#include "errors.h"
#include "values.h"

namespace pcm {
namespace {

Syntax RequireSyntax(Napi::Value value) {
    const char *message = "syntax must be 'text', 'openmetrics' or 'protobuf'";
    const std::string name = RequireString(value, message);
    if (name == "text")
        return Syntax::kText;
    if (name == "openmetrics")
        return Syntax::kOpenMetrics;
    if (name == "protobuf")
        return Syntax::kProtobuf;
    ThrowArgument(value.Env(), message);
}

Escaping RequireEscaping(Napi::Value value) {
    const char *message = "escaping must be 'allow-utf-8', 'underscores', 'dots' or 'values'";
    const std::string name = RequireString(value, message);
    if (name == "allow-utf-8")
        return Escaping::kAllowUtf8;
    if (name == "underscores")
        return Escaping::kUnderscores;
    if (name == "dots")
        return Escaping::kDots;
    if (name == "values")
        return Escaping::kValues;
    ThrowArgument(value.Env(), message);
}

} // namespace

Format OptionalFormat(Napi::Value value) {
    if (value.IsUndefined())
        return {Syntax::kText, Escaping::kUnderscores};
    if (!value.IsObject())
        ThrowArgument(value.Env(), "format must be an object");
    const Napi::Object object = value.As<Napi::Object>();
    return {RequireSyntax(object.Get("syntax")), RequireEscaping(object.Get("escaping"))};
}

NameFilter OptionalFilter(Napi::Value value) {
    NameFilter filter;
    if (value.IsUndefined())
        return filter;
    const StringList names(value, "names must be an array of strings");
    for (uint32_t i = 0; i < names.size(); i++)
        filter.Add({names.views()[i].data, names.views()[i].size});
    return filter;
}

} // namespace pcm
