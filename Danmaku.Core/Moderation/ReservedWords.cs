namespace Danmaku.Core.Moderation;

/// <summary>The words that are reserved without any option, of ten languages. <see cref="ReservedNames"/> says how they are found.</summary>
internal static class ReservedWords
{
    /// <summary>What is reserved as a word of its own.</summary>
    internal static readonly string[] Words =
    [
        // English
        "admin", "admins", "administrator", "administrators", "administration", "sysadmin", "mod", "mods", "moderator", "moderators",
        "moderation", "host",
        "cohost", "streamer", "broadcaster", "system", "server", "official", "owner", "operator", "staff", "support", "helpdesk", "webmaster", "root",

        // Chinese, where it may be part of a longer word
        "管理", "系统", "系統", "系统消息", "系統訊息", "系统通知", "系統通知", "服务器", "伺服器", "版主", "站长", "站長", "群主", "主持", "主持人", "房主", "运营", "營運",

        // Japanese, the same
        "管理人", "管理者", "管理人さん", "管理者さん", "運営", "運営さん", "公式", "司会", "司会者", "主催", "主催者", "配信者", "システム", "サーバー", "サポート", "モデレータ",

        // Korean, the same
        "방장", "매니저", "공식", "시스템", "서버", "진행자", "호스트", "스태프",

        // Spanish and Portuguese
        "administrador", "administradora", "administradores", "administración", "administração", "moderador", "moderadora", "moderadores",
        "moderación", "moderação", "anfitrión", "anfitriona", "anfitrião", "anfitriã", "sistema", "servidor", "oficial", "soporte", "suporte", "operador",

        // French
        "administrateur", "administratrice", "modérateur", "modératrice", "animateur", "animatrice", "hôte", "hôtesse",
        "système", "serveur", "officiel", "officielle",

        // German
        "administratorin", "moderatorin", "gastgeber", "gastgeberin", "betreiber", "betreiberin", "offiziell", "systemverwalter",

        // Russian
        "админ", "админы", "администратор", "администрация", "модер", "модератор", "модераторы", "модерация", "ведущий", "ведущая", "хост",
        "стример", "система", "сервер",
        "официальный", "официально", "оператор", "поддержка", "техподдержка",

        // Arabic
        "أدمن", "الأدمن", "مشرف", "المشرف", "مشرفة", "المشرفة", "مدير", "المدير", "مديرة", "المديرة", "مسؤول", "المسؤول",
        "الإدارة", "مضيف", "المضيف", "رسمي", "الرسمي", "النظام", "الخادم",
    ];

    /// <summary>What is reserved anywhere in a name, since no innocent word has it.</summary>
    internal static readonly string[] Parts =
    [
        "管理员", "管理員", "管理团队", "管理團隊", "超级管理", "超級管理", "房管", "超管", "主播", "官方", "客服", "モデレーター", "アドミン", "管理アカウント", "公式アカウント",
        "관리자", "운영자", "운영진", "어드민", "모더레이터", "공식계정",
    ];
}
